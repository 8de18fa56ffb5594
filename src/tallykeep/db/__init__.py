"""PostgreSQL itself: the embedded server, migrations, pools, gates, the loader of SQL; it queries no table of ours."""
