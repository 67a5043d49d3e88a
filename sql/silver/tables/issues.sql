-- Issues of any tracker, what happened to them, and the sprints they were planned for.

CREATE FUNCTION init_silver_issues() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    CREATE TABLE IF NOT EXISTS diogen_silver.projects (
        source text NOT NULL,
        document_id bigint NOT NULL,
        project text NOT NULL,
        project_id text,
        name text,
        type text,
        is_archived boolean NOT NULL DEFAULT false,
        url text,
        PRIMARY KEY (source, project)
    );
    CREATE INDEX IF NOT EXISTS projects_document ON diogen_silver.projects (document_id);
    COMMENT ON TABLE diogen_silver.projects IS 'Projects that issues belong to';
    COMMENT ON COLUMN diogen_silver.projects.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.projects.document_id IS 'Number of its document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.projects.project IS 'Key of the project, such as PAY';
    COMMENT ON COLUMN diogen_silver.projects.project_id IS 'Id, which stays when the key changes';
    COMMENT ON COLUMN diogen_silver.projects.name IS 'Name';
    COMMENT ON COLUMN diogen_silver.projects.type IS 'Kind of project in the tracker''s words, such as software; NULL: not told';
    COMMENT ON COLUMN diogen_silver.projects.is_archived IS 'Whether it was archived';
    COMMENT ON COLUMN diogen_silver.projects.url IS 'Where people see it; NULL: not known';

    CREATE TABLE IF NOT EXISTS diogen_silver.issue_fields (
        source text NOT NULL,
        document_id bigint NOT NULL,
        field_id text NOT NULL,
        name text,
        type text,
        custom_type text,
        is_custom boolean NOT NULL DEFAULT false,
        used_for text,
        PRIMARY KEY (source, field_id)
    );
    CREATE INDEX IF NOT EXISTS issue_fields_document ON diogen_silver.issue_fields (document_id);
    COMMENT ON TABLE diogen_silver.issue_fields IS 'Fields that issues have in a tracker whose fields people define';
    COMMENT ON COLUMN diogen_silver.issue_fields.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.issue_fields.document_id IS 'Number of its document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.issue_fields.field_id IS 'Id, such as customfield_10016';
    COMMENT ON COLUMN diogen_silver.issue_fields.name IS 'Name';
    COMMENT ON COLUMN diogen_silver.issue_fields.type IS 'Type of its values, such as number; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issue_fields.custom_type IS 'Which app''s kind of custom field it is; NULL: none';
    COMMENT ON COLUMN diogen_silver.issue_fields.is_custom IS 'Whether people defined it';
    COMMENT ON COLUMN diogen_silver.issue_fields.used_for IS
        'What fetching takes it for: sprint, points, flagged, epic or team; NULL: nothing';

    CREATE TABLE IF NOT EXISTS diogen_silver.issue_statuses (
        source text NOT NULL,
        document_id bigint NOT NULL,
        status_id text NOT NULL,
        name text NOT NULL,
        category text,
        project_id text,
        PRIMARY KEY (source, status_id)
    );
    CREATE INDEX IF NOT EXISTS issue_statuses_document ON diogen_silver.issue_statuses (document_id);
    COMMENT ON TABLE diogen_silver.issue_statuses IS 'Statuses that issues may have';
    COMMENT ON COLUMN diogen_silver.issue_statuses.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.issue_statuses.document_id IS 'Number of its document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.issue_statuses.status_id IS 'Id, which stays when the name changes';
    COMMENT ON COLUMN diogen_silver.issue_statuses.name IS 'Name of today';
    COMMENT ON COLUMN diogen_silver.issue_statuses.category IS 'todo, in_progress or done; NULL: it has none';
    COMMENT ON COLUMN diogen_silver.issue_statuses.project_id IS 'Id of the one project that has it; NULL: any may';

    CREATE TABLE IF NOT EXISTS diogen_silver.issues (
        source text NOT NULL,
        document_id bigint NOT NULL,
        project text NOT NULL,
        key text NOT NULL,
        issue_id text NOT NULL,
        title text,
        type text,
        is_subtask boolean NOT NULL DEFAULT false,
        status text,
        status_id text,
        status_category text,
        resolution text,
        priority text,
        points numeric,
        points_field text,
        assignee text,
        assignee_name text,
        reporter text,
        reporter_name text,
        created_at timestamptz,
        updated_at timestamptz,
        resolved_at timestamptz,
        labels text[] NOT NULL DEFAULT '{}',
        fix_versions text[] NOT NULL DEFAULT '{}',
        sprint_ids text[],
        is_flagged boolean,
        parent text,
        url text,
        change_count bigint,
        changelog_complete boolean NOT NULL DEFAULT true,
        previous_keys text[] NOT NULL DEFAULT '{}',
        PRIMARY KEY (source, issue_id)
    );
    CREATE INDEX IF NOT EXISTS issues_document ON diogen_silver.issues (document_id);
    CREATE INDEX IF NOT EXISTS issues_key ON diogen_silver.issues (source, key);
    CREATE INDEX IF NOT EXISTS issues_created ON diogen_silver.issues (source, project, created_at);
    CREATE INDEX IF NOT EXISTS issues_resolved
        ON diogen_silver.issues (source, project, resolved_at) WHERE resolved_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS issues_sprints ON diogen_silver.issues USING gin (sprint_ids);
    COMMENT ON TABLE diogen_silver.issues IS 'Issues as they are now';
    COMMENT ON COLUMN diogen_silver.issues.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.issues.document_id IS 'Number of its document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.issues.project IS 'Key of the project it is in now; of GitHub the repository, as owner/name';
    COMMENT ON COLUMN diogen_silver.issues.key IS 'What people call it, such as PAY-17; another one after it moved';
    COMMENT ON COLUMN diogen_silver.issues.issue_id IS 'Id, which stays when the key changes';
    COMMENT ON COLUMN diogen_silver.issues.title IS 'Title';
    COMMENT ON COLUMN diogen_silver.issues.type IS 'Type in the tracker''s words, such as Bug; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issues.is_subtask IS 'Whether it is part of another issue, whose points include it';
    COMMENT ON COLUMN diogen_silver.issues.status IS 'Status in the tracker''s words; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issues.status_id IS 'Id of the status; NULL: statuses have none';
    COMMENT ON COLUMN diogen_silver.issues.status_category IS 'todo, in_progress or done; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issues.resolution IS 'How it was resolved in the tracker''s words; NULL: it is not';
    COMMENT ON COLUMN diogen_silver.issues.priority IS 'Priority in the tracker''s words; NULL: none';
    COMMENT ON COLUMN diogen_silver.issues.points IS 'Story points, from the first field for them that holds any; NULL: not estimated';
    COMMENT ON COLUMN diogen_silver.issues.points_field IS 'Id of the field the points are from; NULL: not estimated';
    COMMENT ON COLUMN diogen_silver.issues.assignee IS
        'Account that works on it: accountId of Jira Cloud, key of Data Center, login of GitHub; NULL: nobody';
    COMMENT ON COLUMN diogen_silver.issues.assignee_name IS 'Name that the tracker shows for the assignee; NULL: nobody, or not told';
    COMMENT ON COLUMN diogen_silver.issues.reporter IS
        'Account that reported it, named like assignee; NULL: nobody, or not told';
    COMMENT ON COLUMN diogen_silver.issues.reporter_name IS 'Name that the tracker shows for the reporter; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issues.created_at IS 'When it was created; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issues.updated_at IS 'When anything of it last changed; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issues.resolved_at IS 'When it was resolved; NULL: it is not, or was reopened';
    COMMENT ON COLUMN diogen_silver.issues.labels IS 'Labels';
    COMMENT ON COLUMN diogen_silver.issues.fix_versions IS 'Names of the versions it is or will be part of';
    COMMENT ON COLUMN diogen_silver.issues.sprint_ids IS
        'Ids of the sprints it is or was planned for, closed ones too; NULL: not known which field holds them';
    COMMENT ON COLUMN diogen_silver.issues.is_flagged IS 'Whether it is flagged as impeded; NULL: not known which field tells';
    COMMENT ON COLUMN diogen_silver.issues.parent IS 'Key of the issue or epic it is part of; NULL: none';
    COMMENT ON COLUMN diogen_silver.issues.url IS 'Where people see it; NULL: not known';
    COMMENT ON COLUMN diogen_silver.issues.change_count IS 'How many changes the tracker counts; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issues.changelog_complete IS
        'Whether no change of it is known to be missing; false: fewer than the tracker counts, or statuses that do not lead to the one of today';
    COMMENT ON COLUMN diogen_silver.issues.previous_keys IS 'Keys it had before it moved, as far as its changes tell';

    CREATE TABLE IF NOT EXISTS diogen_silver.issue_changes (
        source text NOT NULL,
        document_id bigint NOT NULL,
        project text,
        issue_id text NOT NULL,
        change_id text NOT NULL,
        field text NOT NULL,
        position bigint NOT NULL DEFAULT 1,
        changed_at timestamptz NOT NULL,
        field_id text,
        from_id text,
        from_value text,
        to_id text,
        to_value text,
        author text NOT NULL,
        author_name text,
        author_is_bot boolean NOT NULL DEFAULT false,
        PRIMARY KEY (source, issue_id, change_id, field, position)
    );
    CREATE INDEX IF NOT EXISTS issue_changes_document ON diogen_silver.issue_changes (document_id);
    CREATE INDEX IF NOT EXISTS issue_changes_field ON diogen_silver.issue_changes (source, field, changed_at);
    -- All ids of sprints that a change names, to find the issues that a sprint concerns.
    CREATE INDEX IF NOT EXISTS issue_changes_sprints ON diogen_silver.issue_changes
        USING gin ((pg_catalog.string_to_array(pg_catalog.replace(from_id, ' ', ''), ',')
                    || pg_catalog.string_to_array(pg_catalog.replace(to_id, ' ', ''), ','))) WHERE field = 'sprint';
    COMMENT ON TABLE diogen_silver.issue_changes IS 'What was changed in issues: one row for each field of a change';
    COMMENT ON COLUMN diogen_silver.issue_changes.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.issue_changes.document_id IS 'Number of its document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.issue_changes.project IS
        'Key of the project that the issue was in when its changes were last read; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issue_changes.issue_id IS 'Id of the issue';
    COMMENT ON COLUMN diogen_silver.issue_changes.change_id IS 'Id of the change; several fields may change at once';
    COMMENT ON COLUMN diogen_silver.issue_changes.field IS
        'What changed: status, sprint, points, flagged, resolution, type, priority, assignee, parent, labels, fix_version, project, key, title; other fields have the tracker''s own name';
    COMMENT ON COLUMN diogen_silver.issue_changes.position IS
        'Counts rows of the same field in one change from 1: links and versions come one by one';
    COMMENT ON COLUMN diogen_silver.issue_changes.changed_at IS 'When it was changed';
    COMMENT ON COLUMN diogen_silver.issue_changes.field_id IS 'Id of the field; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issue_changes.from_id IS
        'Id of what it was before, of several as a list with commas; NULL: nothing, or something without an id';
    COMMENT ON COLUMN diogen_silver.issue_changes.from_value IS 'What it was before, in words; NULL: nothing';
    COMMENT ON COLUMN diogen_silver.issue_changes.to_id IS
        'Id of what it became, of several as a list with commas; NULL: nothing, or something without an id';
    COMMENT ON COLUMN diogen_silver.issue_changes.to_value IS 'What it became, in words; NULL: nothing';
    COMMENT ON COLUMN diogen_silver.issue_changes.author IS
        'Account that changed it, named like issues.assignee; ghost: a deleted account';
    COMMENT ON COLUMN diogen_silver.issue_changes.author_name IS 'Name that the tracker shows for the author; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issue_changes.author_is_bot IS 'Whether the author is an app, or diogen.bot_rules says so';

    CREATE TABLE IF NOT EXISTS diogen_silver.issue_status_intervals (
        source text NOT NULL,
        project text NOT NULL,
        issue_id text NOT NULL,
        status text,
        status_id text,
        status_category text,
        started_at timestamptz NOT NULL,
        ended_at timestamptz,
        PRIMARY KEY (source, issue_id, started_at)
    );
    CREATE INDEX IF NOT EXISTS issue_status_intervals_open
        ON diogen_silver.issue_status_intervals (source, project, status_category) WHERE ended_at IS NULL;
    COMMENT ON TABLE diogen_silver.issue_status_intervals IS
        'Which status an issue had from when to when, half-open: at ended_at it had the next one';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.project IS 'Key of the project the issue is in now';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.issue_id IS 'Id of the issue';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.status IS
        'Name of the status: that of today where the status is known by its id, else that of the time; NULL: not told';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.status_id IS 'Id of the status; NULL: statuses have none';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.status_category IS
        'todo, in_progress or done; NULL: not known, because there is no such status any more';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.started_at IS 'When it began; the first one with the creation of the issue';
    COMMENT ON COLUMN diogen_silver.issue_status_intervals.ended_at IS 'When it ended; NULL: it is the status of today';

    CREATE TABLE IF NOT EXISTS diogen_silver.boards (
        source text NOT NULL,
        document_id bigint NOT NULL,
        board_id text NOT NULL,
        name text,
        type text,
        project text,
        PRIMARY KEY (source, board_id)
    );
    CREATE INDEX IF NOT EXISTS boards_document ON diogen_silver.boards (document_id);
    COMMENT ON TABLE diogen_silver.boards IS 'Boards that sprints are planned on';
    COMMENT ON COLUMN diogen_silver.boards.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.boards.document_id IS 'Number of its document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.boards.board_id IS 'Id of the board';
    COMMENT ON COLUMN diogen_silver.boards.name IS 'Name';
    COMMENT ON COLUMN diogen_silver.boards.type IS 'scrum, kanban or simple; NULL: not told';
    COMMENT ON COLUMN diogen_silver.boards.project IS 'Key of its project; NULL: not told, it may show several';

    CREATE TABLE IF NOT EXISTS diogen_silver.sprints (
        source text NOT NULL,
        document_id bigint NOT NULL,
        board_id text,
        sprint_id text NOT NULL,
        name text,
        state text,
        goal text,
        starts_at timestamptz,
        activated_at timestamptz,
        ends_at timestamptz,
        completed_at timestamptz,
        PRIMARY KEY (source, sprint_id)
    );
    CREATE INDEX IF NOT EXISTS sprints_document ON diogen_silver.sprints (document_id);
    CREATE INDEX IF NOT EXISTS sprints_board ON diogen_silver.sprints (source, board_id, starts_at);
    COMMENT ON TABLE diogen_silver.sprints IS 'Sprints';
    COMMENT ON COLUMN diogen_silver.sprints.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.sprints.document_id IS 'Number of its document in diogen_bronze.documents';
    COMMENT ON COLUMN diogen_silver.sprints.board_id IS 'Board it was made on; NULL: not told';
    COMMENT ON COLUMN diogen_silver.sprints.sprint_id IS 'Id of the sprint';
    COMMENT ON COLUMN diogen_silver.sprints.name IS 'Name';
    COMMENT ON COLUMN diogen_silver.sprints.state IS 'future, active or closed; NULL: not told';
    COMMENT ON COLUMN diogen_silver.sprints.goal IS 'Goal; NULL: none';
    COMMENT ON COLUMN diogen_silver.sprints.starts_at IS 'Planned beginning; NULL: not planned yet';
    COMMENT ON COLUMN diogen_silver.sprints.activated_at IS
        'When somebody started it, which Data Center tells; NULL: not told, then starts_at counts';
    COMMENT ON COLUMN diogen_silver.sprints.ends_at IS 'Planned end; NULL: not planned yet';
    COMMENT ON COLUMN diogen_silver.sprints.completed_at IS 'When somebody closed it; NULL: not closed';

    CREATE TABLE IF NOT EXISTS diogen_silver.sprint_issues (
        source text NOT NULL,
        sprint_id text NOT NULL,
        issue_id text NOT NULL,
        project text NOT NULL,
        is_subtask boolean NOT NULL,
        added_at timestamptz,
        removed_at timestamptz,
        committed boolean,
        points_at_start numeric,
        points_at_end numeric,
        done_at timestamptz,
        outcome text,
        PRIMARY KEY (source, sprint_id, issue_id)
    );
    CREATE INDEX IF NOT EXISTS sprint_issues_issue ON diogen_silver.sprint_issues (source, issue_id);
    COMMENT ON TABLE diogen_silver.sprint_issues IS
        'Issues that were in a sprint between its beginning and its end, and what became of them; of one that has not begun, those planned for it';
    COMMENT ON COLUMN diogen_silver.sprint_issues.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.sprint_issues.sprint_id IS 'Id of the sprint';
    COMMENT ON COLUMN diogen_silver.sprint_issues.issue_id IS 'Id of the issue';
    COMMENT ON COLUMN diogen_silver.sprint_issues.project IS 'Key of the project the issue is in now';
    COMMENT ON COLUMN diogen_silver.sprint_issues.is_subtask IS 'Whether it is part of another issue, whose points include it';
    COMMENT ON COLUMN diogen_silver.sprint_issues.added_at IS
        'When it was first planned for the sprint, which may be before it began; NULL: not told';
    COMMENT ON COLUMN diogen_silver.sprint_issues.removed_at IS 'When it was taken out before the end; NULL: it was not, or came back';
    COMMENT ON COLUMN diogen_silver.sprint_issues.committed IS
        'Whether it was in the sprint when that began; NULL: it has not begun';
    COMMENT ON COLUMN diogen_silver.sprint_issues.points_at_start IS
        'Points when the sprint began, or when it was added later; NULL: not estimated, or not begun';
    COMMENT ON COLUMN diogen_silver.sprint_issues.points_at_end IS
        'Points when the sprint was closed or the issue taken out, else those of today; NULL: not estimated, or not begun';
    COMMENT ON COLUMN diogen_silver.sprint_issues.done_at IS
        'Since when it was done at that moment; NULL: it was not, or the sprint has not begun';
    COMMENT ON COLUMN diogen_silver.sprint_issues.outcome IS
        'completed: done in the sprint; completed_outside: done before it was in; removed: taken out; carried: not done at the end; NULL: the sprint goes on, or has not begun';

    CREATE TABLE IF NOT EXISTS diogen_silver.stale_statuses (
        source text NOT NULL,
        status_id text NOT NULL,
        PRIMARY KEY (source, status_id)
    );
    COMMENT ON TABLE diogen_silver.stale_statuses IS
        'Statuses that changed; normalize works the list off, by way of the issues that had them';
    COMMENT ON COLUMN diogen_silver.stale_statuses.source IS 'Source it comes from';
    COMMENT ON COLUMN diogen_silver.stale_statuses.status_id IS 'Id of the status';
END
$$;
COMMENT ON FUNCTION init_silver_issues() IS 'Makes the silver tables of issues and sprints where missing';
