//! The user mapping that holds a source's secret, made through the catalog.
#![allow(
    unsafe_code,
    reason = "builds a parse node for PostgreSQL's own function"
)]

use std::ffi::CString;

use pgrx::PgBox;
use pgrx::prelude::*;

/// Makes the current user's mapping for a source. A `CREATE USER MAPPING` statement would carry
/// the secret in its text, which `pg_stat_statements` can keep; this has no text.
///
/// Errors: a mapping that exists already, an empty secret.
#[pg_extern(volatile, strict, parallel_unsafe)]
fn create_user_mapping(source: &str, secret: &str) {
    let (Ok(server), Ok(secret)) = (CString::new(source), CString::new(secret)) else {
        error!("a source's name and its secret cannot hold a NUL character");
    };
    // SAFETY: all nodes and strings are allocated in the current memory context, as the parser
    // does it; PostgreSQL checks privileges, runs the validator and copies what it keeps.
    unsafe {
        let mut role = PgBox::<pg_sys::RoleSpec>::alloc_node(pg_sys::NodeTag::T_RoleSpec);
        role.roletype = pg_sys::RoleSpecType::ROLESPEC_CURRENT_USER;
        role.location = -1;
        let value = pg_sys::makeString(pg_sys::pstrdup(secret.as_ptr()));
        let option = pg_sys::makeDefElem(pg_sys::pstrdup(c"secret".as_ptr()), value.cast(), -1);
        let options = pg_sys::lappend(std::ptr::null_mut(), option.cast());
        let mut statement = PgBox::<pg_sys::CreateUserMappingStmt>::alloc_node(
            pg_sys::NodeTag::T_CreateUserMappingStmt,
        );
        statement.user = role.into_pg();
        statement.servername = pg_sys::pstrdup(server.as_ptr());
        statement.if_not_exists = false;
        statement.options = options;
        pg_sys::CreateUserMapping(statement.into_pg());
    }
}
