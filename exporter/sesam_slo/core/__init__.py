"""The rules of the account: pure, standard library only; no clock, socket, file or database."""
