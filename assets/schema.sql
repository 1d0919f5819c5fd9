-- Tables of the todo application. The app's own
-- create_all() creates the same ones: either can run
-- first, and both can run again.

create table if not exists "user" (
    id            uuid                     not null default gen_random_uuid(),
    email         varchar(255)             not null,
    password_hash varchar(255)             not null,
    created_at    timestamp with time zone not null default now(),
    updated_at    timestamp with time zone not null default now(),
    constraint user_pkey primary key (id)
);

create unique index if not exists ix_user_email on "user" (email);

create table if not exists task (
    id          uuid                     not null default gen_random_uuid(),
    user_id     uuid                     not null,
    title       varchar(200)             not null,
    description text,
    completed   boolean                  not null default false,
    created_at  timestamp with time zone not null default now(),
    updated_at  timestamp with time zone not null default now(),
    constraint task_pkey primary key (id),
    constraint task_user_id_fkey foreign key (user_id) references "user" (id) on delete cascade
);

create index if not exists ix_task_user_id on task (user_id);
create index if not exists ix_task_user_id_completed on task (user_id, completed);
