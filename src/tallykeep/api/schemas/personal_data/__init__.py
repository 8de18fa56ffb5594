"""Personal data of a customer: what is answered to their deletion, and the document of their export."""
