//! Names: parameters, variables, loop indices, variables of lambdas, user functions.

use super::{
    deployments::{loop_of, masked},
    engine::{COUNT, Engine, Env, Outcome, Scope, Slot, circle},
    expression::Expression,
};
use crate::{
    diag::{Diagnostic, Span},
    import::json::{Json, Value},
};
use std::{collections::BTreeMap, rc::Rc};

impl Engine<'_> {
    pub(super) fn copy_index(&mut self, arguments: &[Expression], env: &Env, span: Span) -> Outcome {
        let mut name = None;
        let mut offset = 0;
        for one in arguments {
            let value = self.expression(one, env, span)?;
            match &value.value {
                Value::Text(text) => name = Some(text.to_string()),
                _ => offset = value.as_int().unwrap_or(0),
            }
        }
        let found = match &name {
            Some(name) => env.copies.iter().rev().find(|c| c.name.eq_ignore_ascii_case(name)),
            None => env.copies.iter().rev().find(|c| c.unnamed).or(env.copies.last()),
        };
        match found {
            Some(copy) => Ok(match copy.index {
                Some(index) => Json::new(Value::Int(index.saturating_add(offset)), span),
                None => Json::new(Value::Unknown(COUNT.into()), span),
            }),
            None => Err(self
                .fault(span, "`copyIndex` stands outside the loop it means")
                .help("name the loop, or move it inside")),
        }
    }

    pub(super) fn local(&self, name: &str, env: &Env, span: Span) -> Outcome {
        match env.locals.iter().rev().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some((_, value)) => Ok(value.clone()),
            None => Err(self.fault(span, format!("no lambda around has the variable `{name}`")).help("check its name")),
        }
    }

    /// The scope whose parameters and variables an expression means.
    fn meant(&self, env: &Env) -> usize {
        let mut scope = env.scope;
        while let Some(outer) = self.scope(scope).and_then(|s| s.outer.as_ref()) {
            scope = outer.scope;
        }
        scope
    }

    pub(super) fn parameter(&mut self, name: &str, env: &Env, span: Span) -> Outcome {
        if let Some(own) = &env.function {
            return match own.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
                Some((_, value)) => Ok(value.clone()),
                None => Err(self.fault(span, format!("the function has no parameter `{name}`")).help("check its name")),
            };
        }
        let scope = self.meant(env);
        self.slot(scope, name, span, "parameter", |s| &mut s.parameters)
    }

    pub(super) fn variable(&mut self, name: &str, env: &Env, span: Span) -> Outcome {
        let scope = self.meant(env);
        self.slot(scope, name, span, "variable", |s| &mut s.variables)
    }

    /// A value of a scope, evaluated now if it was not before.
    pub(super) fn slot(
        &mut self,
        scope: usize,
        name: &str,
        span: Span,
        what: &str,
        of: fn(&mut Scope) -> &mut BTreeMap<String, Slot>,
    ) -> Outcome {
        let lower = name.to_ascii_lowercase();
        let Some(all) = self.scopes.get_mut(scope).map(of) else { return Err(self.fault(span, "no such scope")) };
        let Some(slot) = all.get_mut(&lower) else {
            let known: Vec<String> = all.keys().cloned().collect();
            let near = crate::diag::nearest(&lower, known.iter().map(String::as_str));
            let help = near.map_or("declare it".to_owned(), |n| format!("did you mean `{n}`?"));
            return Err(self.fault(span, format!("the template has no {what} `{name}`")).help(help));
        };
        let (json, env) = match std::mem::replace(slot, Slot::Busy) {
            Slot::Done(value) => {
                *slot = Slot::Done(value.clone());
                return Ok(value);
            }
            Slot::Busy => return Err(circle(span, &format!("{what} `{name}`"))),
            Slot::Todo(json, env) => (json, env),
        };
        let evaluated = match loop_of(&json) {
            Some(one) => self.looped(one, &env).map(|(_, list)| list),
            None => self.evaluate(&json, &env),
        };
        let value = match evaluated {
            Ok(value) => value,
            Err(problem) => {
                // It was reported once; what else depends on it has nothing to add.
                let unknown = Json::new(Value::Unknown("it could not be evaluated".into()), json.span);
                if let Some(slot) = self.scopes.get_mut(scope).map(of).and_then(|all| all.get_mut(&lower)) {
                    *slot = Slot::Done(unknown);
                }
                return Err(problem);
            }
        };
        // What is given as null is as if it were not given.
        let value = match self.default_of(scope, what, &lower) {
            Some((default, env)) if value.value == Value::Null && default.span != json.span => {
                self.evaluate(&default, &env)?
            }
            _ => value,
        };
        let value = match self.scope(scope).filter(|_| what == "parameter").map(|s| s.template.clone()) {
            Some(template) => match template.get("parameters").and_then(|p| p.get(&lower)) {
                Some(declared) => masked(&value, declared, &template),
                None => value,
            },
            None => value,
        };
        if let Some(slot) = self.scopes.get_mut(scope).map(of).and_then(|all| all.get_mut(&lower)) {
            *slot = Slot::Done(value.clone());
        }
        Ok(value)
    }

    /// The default of a parameter.
    fn default_of(&self, scope: usize, what: &str, name: &str) -> Option<(Json, Env)> {
        let parameters = self.scope(scope).filter(|_| what == "parameter")?.template.get("parameters")?;
        Some((parameters.get(name)?.get("defaultValue")?.clone(), Env::of(scope)))
    }

    pub(super) fn user_function(
        &mut self,
        name: &str,
        values: &[Json],
        env: &Env,
        span: Span,
    ) -> Result<Option<Json>, Diagnostic> {
        let Some((namespace, member)) = name.split_once('.') else { return Ok(None) };
        let scope = self.meant(env);
        let template = self.scope(scope).map(|s| s.template.clone());
        let found = template.as_ref().and_then(|t| {
            let space = t
                .items_at("functions")
                .iter()
                .find(|f| f.str_at("namespace").is_some_and(|n| n.eq_ignore_ascii_case(namespace)))?;
            space.get("members")?.get(member)
        });
        let Some(found) = found else { return Ok(None) };
        let names = found.items_at("parameters").iter().filter_map(|p| p.str_at("name"));
        let own: Vec<(Rc<str>, Json)> = names.map(Rc::from).zip(values.iter().cloned()).collect();
        let Some(output) = found.at("output.value") else {
            return Err(self.fault(span, format!("the function `{name}` has no output")).help("add `output`"));
        };
        let env = Env { function: Some(Rc::new(own)), ..Env::of(scope) };
        self.evaluate(output, &env).map(Some)
    }
}
