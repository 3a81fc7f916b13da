-- Gives the role of a database's clients its rights in that database: rows of all tables, present and later ones. Tables are the
-- owner's, so clients neither create nor change nor empty any. Run it inside the database, as superuser.
--
-- clients  role that the database's clients are members of
-- owner    role that owns the database and runs its migrations
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"clients";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"clients";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :"clients";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"clients";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO :"clients";
