//! A `jsonb` argument as bytes, detoasted once.
#![allow(
    unsafe_code,
    reason = "the only way from a datum to its bytes; everything after it is safe"
)]

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::datum::FromDatum;
use pgrx::nullable::Nullable;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{pg_sys, vardata_any, varsize_any_exhdr};

use super::reader::{Json, Object};

/// A `jsonb` argument. It borrows the detoasted copy, which lives in the memory context of the
/// call; rows read from it must own their data.
#[derive(Clone, Copy)]
pub struct Document<'a>(&'a [u8]);

impl<'a> Document<'a> {
    /// The root value; `None` only for bytes that are no JSONB.
    pub fn root(&self) -> Option<Json<'a>> {
        Json::root(self.0)
    }

    /// The root object, or `None` when the document is something else.
    pub fn object(&self) -> Option<Object<'a>> {
        self.root().and_then(Json::object)
    }
}

impl FromDatum for Document<'_> {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _: pg_sys::Oid,
    ) -> Option<Self> {
        if is_null {
            return None;
        }
        // SAFETY: PostgreSQL hands over a valid jsonb varlena. `pg_detoast_datum` returns a plain
        // one with a four-byte header, so the container that follows is aligned; it is either the
        // argument itself or a copy in the current memory context, and both outlive the call.
        unsafe {
            let varlena = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
            let bytes = vardata_any(varlena).cast::<u8>();
            Some(Self(std::slice::from_raw_parts(
                bytes,
                varsize_any_exhdr(varlena),
            )))
        }
    }
}

// SAFETY: the value is read through `FromDatum` as PostgreSQL's own `jsonb`.
unsafe impl<'fcx> ArgAbi<'fcx> for Document<'fcx> {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        let index = arg.index();
        // SAFETY: forwarded from the caller.
        unsafe {
            arg.unbox_arg_using_from_datum()
                .unwrap_or_else(|| panic!("argument {index} must not be null"))
        }
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: forwarded from the caller.
        unsafe { arg.unbox_arg_using_from_datum().into() }
    }
}

// SAFETY: the SQL type named is the one the bytes are read as.
unsafe impl SqlTranslatable for Document<'_> {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(Document);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("jsonb"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> =
        Ok(ReturnsRef::One(SqlMappingRef::literal("jsonb")));
}
