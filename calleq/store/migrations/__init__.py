"""How a database becomes what `calleq.store.schema` describes: one module for each step."""
