//! Rows as what a set-returning function returns: handed over all at once, without a copy of
//! their values.
#![allow(
    unsafe_code,
    reason = "a set is returned through PostgreSQL's own structures"
)]

use std::ffi::CStr;

use pgrx::pg_sys;

use super::{Cell, Rows, Type};
use crate::error::Error;

impl Type {
    fn oid(self) -> pg_sys::Oid {
        match self {
            Self::Text => pg_sys::TEXTOID,
            Self::Texts => pg_sys::TEXTARRAYOID,
            Self::Integer => pg_sys::INT8OID,
            Self::Integers => pg_sys::INT8ARRAYOID,
            Self::Numeric => pg_sys::NUMERICOID,
            Self::Boolean => pg_sys::BOOLOID,
            Self::Time => pg_sys::TIMESTAMPTZOID,
            Self::Float => pg_sys::FLOAT8OID,
            Self::Interval => pg_sys::INTERVALOID,
            Self::Bytes => pg_sys::BYTEAOID,
        }
    }
}

/// The name of the SQL function that a call is of.
pub fn sql_function(call: pg_sys::FunctionCallInfo) -> String {
    // SAFETY: PostgreSQL calls with a valid structure, and the name it looks up is terminated.
    unsafe {
        let name = pg_sys::get_func_name((*(*call).flinfo).fn_oid);
        if name.is_null() {
            return String::new();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// Returns rows, chosen by their numbers, each after a number of its own if there is one.
///
/// Refused where the caller takes no set, or names other columns than the rows have.
pub fn return_rows(
    call: pg_sys::FunctionCallInfo,
    rows: &Rows,
    chosen: impl Iterator<Item = (Option<i64>, usize)>,
) -> Result<(), Error> {
    let mut chosen = chosen.peekable();
    let is_numbered = chosen.peek().is_some_and(|(number, _)| number.is_some());
    // SAFETY: `resultinfo` is null or a valid node, whose type is looked at first; what it points
    // to lives until the query ends. The tuple store and its description are made in the memory of
    // the query, which reads them. Every datum is of the type that the description says, which is
    // checked, and points into `rows`, from which `tuplestore_putvalues` copies.
    unsafe {
        let info = (*call).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        let takes_set = !info.is_null()
            && (*info).type_ == pg_sys::NodeTag::T_ReturnSetInfo
            && (*info).allowedModes & pg_sys::SetFunctionReturnMode::SFRM_Materialize as i32 != 0
            && !(*info).expectedDesc.is_null();
        if !takes_set {
            return Err(Error::NoSetExpected);
        }
        let memory = pg_sys::MemoryContextSwitchTo((*(*info).econtext).ecxt_per_query_memory);
        let description = pg_sys::CreateTupleDescCopy((*info).expectedDesc);
        let is_random = (*info).allowedModes
            & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random as i32
            != 0;
        // What is in memory already is not written to a file to be read again.
        let memory_limit = pg_sys::work_mem.max(rows.kilobytes());
        let store = pg_sys::tuplestore_begin_heap(is_random, false, memory_limit);
        pg_sys::MemoryContextSwitchTo(memory);
        (*info).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
        (*info).setResult = store;
        (*info).setDesc = description;

        let mut columns = Vec::new();
        if is_numbered {
            columns.push(("document_id", pg_sys::INT8OID));
        }
        columns.extend(
            rows.columns()
                .iter()
                .map(|(name, kind)| (*name, kind.oid())),
        );
        let is_same = (*description).natts as usize == columns.len()
            && columns.iter().zip(1..).all(|(&(name, kind), number)| {
                let asked = pg_sys::SPI_fname(description, number);
                pg_sys::SPI_gettypeid(description, number) == kind
                    && CStr::from_ptr(asked).to_bytes() == name.as_bytes()
            });
        if chosen.peek().is_some() && !is_same {
            return Err(Error::OtherColumns(rows.columns()));
        }
        let mut values = vec![pg_sys::Datum::null(); columns.len()];
        let mut nulls = vec![false; columns.len()];
        for (number, row) in chosen {
            let mut place = 0;
            if let Some(number) = number {
                values[0] = pg_sys::Datum::from(number);
                place = 1;
            }
            for cell in rows.cells(row) {
                nulls[place] = *cell == Cell::Null;
                values[place] = match *cell {
                    Cell::Null => pg_sys::Datum::null(),
                    Cell::Word(word) => pg_sys::Datum::from(word),
                    Cell::Packed(start, _) => {
                        pg_sys::Datum::from(rows.packed().as_ptr().add(start as usize))
                    }
                };
                place += 1;
            }
            pg_sys::tuplestore_putvalues(
                store,
                description,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            );
        }
    }
    Ok(())
}
