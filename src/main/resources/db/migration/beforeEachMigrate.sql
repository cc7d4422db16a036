-- A migration of a large table takes as long as it takes. For its transaction only: the connection goes back to the pool.
set local statement_timeout = 0;
