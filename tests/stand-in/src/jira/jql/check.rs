//! What a query names, found on the site.

use super::parse::{Clause, Expr, Query};
use super::plan::{Compare, Plan, Sort, Test};
use super::time::moment;
use crate::jira::catalogue::{self, Category};
use crate::jira::model::{Field, Site};
use crate::jira::settings::Flavour;
use crate::model::Time;
use chrono_tz::Tz;

/// More fields than this the search on Cloud does not order by.
const MOST_ORDERED: usize = 7;

/// Against what a query is checked.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The site.
    pub site: &'a Site,
    /// Time zone of whoever asks.
    pub zone: Tz,
    /// The moment that is shown.
    pub now: Time,
}

/// Turns a query into a plan; an error is all of Jira's messages for it.
pub fn check(query: &Query, scope: Scope) -> Result<Plan, Vec<String>> {
    let mut errors = Vec::new();
    let test = query.filter.as_ref().map(|f| scope.expr(f, &mut errors));
    let mut order = Vec::new();
    for (field, descending) in &query.order {
        match sort(field) {
            Some(sort) => order.push((sort, *descending)),
            None => errors.push(unknown_field(field)),
        }
    }
    if scope.site.flavour == Flavour::Cloud && query.order.len() > MOST_ORDERED {
        errors.push(format!(
            "The orderBy clause can contain a maximum of {MOST_ORDERED} fields."
        ));
    }
    match errors.is_empty() {
        true => Ok(Plan { test, order }),
        false => Err(errors),
    }
}

fn unknown_field(field: &str) -> String {
    format!("Field '{field}' does not exist or you do not have permission to view it.")
}

fn sort(field: &str) -> Option<Sort> {
    Some(match field {
        "created" | "createddate" => Sort::Created,
        "updated" | "updateddate" => Sort::Updated,
        "key" | "issuekey" | "id" | "issue" => Sort::Key,
        "project" => Sort::Field(Field::Project),
        "status" => Sort::Field(Field::Status),
        "priority" => Sort::Field(Field::Priority),
        "issuetype" | "type" => Sort::Field(Field::Type),
        "assignee" => Sort::Field(Field::Assignee),
        "resolution" => Sort::Field(Field::Resolution),
        _ => return None,
    })
}

impl Scope<'_> {
    fn expr(self, expr: &Expr, errors: &mut Vec<String>) -> Test {
        match expr {
            Expr::And(parts) => Test::And(parts.iter().map(|p| self.expr(p, errors)).collect()),
            Expr::Or(parts) => Test::Or(parts.iter().map(|p| self.expr(p, errors)).collect()),
            Expr::Not(part) => Test::Not(Box::new(self.expr(part, errors))),
            Expr::Clause(clause) => match self.clause(clause, errors) {
                Ok(test) => test,
                Err(error) => {
                    errors.push(error);
                    Test::Or(Vec::new())
                }
            },
        }
    }

    fn clause(self, clause: &Clause, errors: &mut Vec<String>) -> Result<Test, String> {
        let test = match clause.operator.as_str() {
            "is" | "is not" => self.empty(clause)?,
            "=" | "!=" | "in" | "not in" => self.equal(clause, errors)?,
            operator => self.compared(clause, compare(operator))?,
        };
        let negated = matches!(clause.operator.as_str(), "is not" | "!=" | "not in");
        Ok(if negated {
            Test::Not(Box::new(test))
        } else {
            test
        })
    }

    fn empty(self, clause: &Clause) -> Result<Test, String> {
        let empty = clause.values.first().map(|v| v.to_lowercase());
        if !matches!(empty.as_deref(), Some("empty" | "null")) {
            return Err("Operators IS and IS NOT want EMPTY or NULL.".to_owned());
        }
        field(&clause.field)
            .map(Test::Empty)
            .ok_or_else(|| unknown_field(&clause.field))
    }

    fn compared(self, clause: &Clause, compare: Option<Compare>) -> Result<Test, String> {
        let value = clause.values.first().map_or("", String::as_str);
        match (clause.field.as_str(), compare) {
            ("created" | "createddate", Some(c)) => Ok(Test::Created(c, self.time(clause, value)?)),
            ("updated" | "updateddate", Some(c)) => Ok(Test::Updated(c, self.time(clause, value)?)),
            ("key" | "issuekey" | "id" | "issue", Some(c)) => {
                let issue = self.site.issue(value, self.now);
                let issue = issue.ok_or_else(|| self.unknown_issue(clause, value))?;
                Ok(Test::Key(c, issue.key(self.now).to_owned()))
            }
            (name, _) if field(name).is_some() => Err(format!(
                "The operator '{}' is not supported by the '{name}' field.",
                clause.operator
            )),
            (name, _) => Err(unknown_field(name)),
        }
    }

    fn equal(self, clause: &Clause, errors: &mut Vec<String>) -> Result<Test, String> {
        let name = clause.field.as_str();
        if matches!(name, "created" | "createddate" | "updated" | "updateddate") {
            return self.compared(clause, Some(Compare::Equal));
        }
        if matches!(name, "key" | "issuekey" | "id" | "issue") {
            let mut ids = std::collections::HashSet::new();
            for value in &clause.values {
                match self.site.issue(value, self.now) {
                    Some(issue) => {
                        ids.insert(issue.id);
                    }
                    // The search of today on Cloud passes over what is gone.
                    None if self.site.flavour == Flavour::Cloud => {}
                    None => errors.push(self.unknown_issue(clause, value)),
                }
            }
            return Ok(Test::Issues(ids));
        }
        if name == "statuscategory" {
            let known = |v: &String| category(v);
            return Ok(Test::Category(
                clause.values.iter().filter_map(known).collect(),
            ));
        }
        if name == "labels" {
            return Ok(Test::Labelled(clause.values.clone()));
        }
        let field = field(name).ok_or_else(|| unknown_field(name))?;
        let mut ids = Vec::new();
        for value in &clause.values {
            let found = self.things(field, value);
            if found.is_empty() {
                errors.push(format!(
                    "The value '{value}' does not exist for the field '{name}'."
                ));
            }
            ids.extend(found);
        }
        Ok(Test::Holds(field, ids))
    }

    /// The things with an id or a name.
    fn things(self, field: Field, value: &str) -> Vec<u64> {
        let site = self.site;
        let id = value.parse::<u64>().ok();
        let is = |i: u64, name: &str| Some(i) == id || name.eq_ignore_ascii_case(value);
        let named = |list: &[(u64, &str)]| {
            let found = list.iter().filter(|(i, n)| is(*i, n));
            found.map(|(i, _)| *i).collect()
        };
        match field {
            Field::Project => {
                let found = site.projects.iter();
                let found = found.filter(|p| is(p.id, &p.key) || is(p.id, &p.name));
                found.map(|p| p.id).collect()
            }
            Field::Status => {
                let found = catalogue::STATUSES.iter().filter(|s| is(s.id, s.name));
                found.map(|s| s.id).collect()
            }
            Field::Type => {
                let found = catalogue::TYPES.iter().filter(|t| is(t.id, t.name));
                found.map(|t| t.id).collect()
            }
            Field::Priority => named(&catalogue::PRIORITIES),
            Field::Resolution => named(&catalogue::RESOLUTIONS),
            Field::Sprint => {
                let found = site.sprints.iter().filter(|s| is(s.id, &s.name));
                found.map(|s| s.id).collect()
            }
            Field::Assignee => {
                let one = |p: &&crate::jira::model::Person| p.account == value || p.name == value;
                site.people.iter().filter(one).map(|p| p.id).collect()
            }
            Field::Parent => site
                .issue(value, self.now)
                .map(|i| i.id)
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }

    fn time(self, clause: &Clause, value: &str) -> Result<Time, String> {
        moment(value, self.zone, self.now).ok_or_else(|| {
            format!(
                "Date value '{value}' for field '{}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
                clause.field
            )
        })
    }

    fn unknown_issue(self, clause: &Clause, value: &str) -> String {
        match value.parse::<u64>() {
            Ok(_) => format!(
                "A value with ID '{value}' does not exist for the field '{}'.",
                clause.field
            ),
            Err(_) => format!(
                "An issue with key '{value}' does not exist for field '{}'.",
                clause.field
            ),
        }
    }
}

fn compare(operator: &str) -> Option<Compare> {
    Some(match operator {
        "<" => Compare::Less,
        "<=" => Compare::LessEqual,
        ">" => Compare::Greater,
        ">=" => Compare::GreaterEqual,
        _ => return None,
    })
}

fn field(name: &str) -> Option<Field> {
    Some(match name {
        "project" => Field::Project,
        "status" => Field::Status,
        "issuetype" | "type" => Field::Type,
        "priority" => Field::Priority,
        "resolution" => Field::Resolution,
        "sprint" => Field::Sprint,
        "assignee" => Field::Assignee,
        "parent" => Field::Parent,
        "labels" => Field::Labels,
        "fixversion" => Field::FixVersions,
        _ => return None,
    })
}

fn category(name: &str) -> Option<Category> {
    match name.to_lowercase().as_str() {
        "to do" | "new" | "2" => Some(Category::New),
        "in progress" | "indeterminate" | "4" => Some(Category::Indeterminate),
        "done" | "3" => Some(Category::Done),
        _ => None,
    }
}
