-- Customers are listed, and gone on with, by the moment they were created.
CREATE INDEX customers_by_creation ON customers (project_id, created_at, id);
