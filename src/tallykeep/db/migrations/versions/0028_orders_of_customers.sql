-- A customer's orders are found without going through all of them.
CREATE INDEX orders_of_customer ON orders (project_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX orders_of_referrer ON orders (project_id, referrer_id) WHERE referrer_id IS NOT NULL;
