-- A customer's orders are found without going through all of them.
CREATE INDEX orders_of_customer ON orders (project_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX orders_of_referrer ON orders (project_id, referrer_id) WHERE referrer_id IS NOT NULL;

-- What webhooks were told of an action is rewritten when that is about a person, for many actions in one erasure.
CREATE INDEX webhook_deliveries_by_action ON webhook_deliveries (project_id, action_id);
