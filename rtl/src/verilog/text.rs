//! The text of a module's parts, once its signals are settled.

use std::collections::HashSet;

use super::EmitError;
use super::expression::{Expression, Printer, Slice};
use super::lower::Statement;
use super::module::{Body, Builder, Instance, Kind, Net, Structure};
use super::netlist::identifier;

impl Builder<'_> {
    pub(super) fn text(&self, mut comments: Vec<String>) -> Result<Structure, EmitError> {
        let printer = Printer { name: |net| (self.net_name(net), self.nets[net].width) };
        let named = comments.iter().position(|comment| comment.starts_with("module "));
        let name = named.map(|at| comments.remove(at)["module ".len()..].to_owned());
        let mut structure = Structure { name, comments, ..Structure::default() };
        let mut used = HashSet::new();
        let mut assigned_by_process = HashSet::new();
        for (target, value) in &self.assigns {
            used.insert(target.net);
            value.visit(&mut |slice| {
                used.insert(slice.net);
            });
            let value = printer.print(value, target.width)?;
            structure.assigns.push(format!("assign {} = {value};", printer.slice(*target)));
        }
        if !self.procedural.is_empty() {
            let mut process = String::from("always @(*) begin\n");
            for statement in &self.procedural {
                statement.targets(&mut assigned_by_process);
                statement.visit(&mut |slice| {
                    used.insert(slice.net);
                });
                self.print_statement(statement, 1, &printer, &mut process)?;
            }
            structure.processes.push(process + "end");
        }
        for (i, child) in self.scope.children.iter().enumerate() {
            let body = &*self.modules[child.module].body;
            let mut connections = vec![];
            for port in body.ports() {
                let net = self.index[&format!("{}${}", child.instance, port.name)];
                let own = Expression::Net(Slice { net, low: 0, width: port.width });
                let value = self.connections.get(&net).unwrap_or(&own);
                value.visit(&mut |slice| {
                    used.insert(slice.net);
                });
                if let (Kind::ChildOutput { child, inline: true }, Expression::Net(slice)) =
                    (self.nets[net].kind, value)
                    && child == i
                {
                    assigned_by_process.insert(slice.net);
                }
                connections.push((identifier(&port.name), printer.print(value, port.width)?));
            }
            match body {
                Body::Inline { text, .. } => {
                    structure.processes.push(substitute(text.trim_end(), &connections));
                }
                _ => structure.instances.push(Instance {
                    module: child.module,
                    name: identifier(&child.instance),
                    connections,
                }),
            }
        }
        used.extend(&assigned_by_process);
        let unread = self.unread(&used, &printer);
        if !unread.is_empty() {
            // Says to lint, and to a reader, that these are not forgotten.
            structure.assigns.push(format!("wire unused = &{{1'b0, {}}};", unread.join(", ")));
        }
        for (i, net) in self.nets.iter().enumerate() {
            let (name, range) = (self.net_name(i), range(net.width));
            let is_reg = assigned_by_process.contains(&i);
            match net.kind {
                Kind::Output if is_reg => structure.output_regs.push(net.name.clone()),
                Kind::Input | Kind::Output => {}
                _ if !used.contains(&i) => {}
                Kind::Constant(value) => {
                    structure
                        .declarations
                        .push(format!("localparam {range}{name} = {}'d{value};", net.width));
                }
                _ if is_reg => structure.declarations.push(format!("reg {range}{name};")),
                _ => structure.declarations.push(format!("wire {range}{name};")),
            }
        }
        Ok(structure)
    }

    /// What is driven here and read by nothing: whole signals, and bits of others.
    fn unread<N: Fn(usize) -> (String, usize)>(
        &self,
        used: &HashSet<usize>,
        printer: &Printer<N>,
    ) -> Vec<String> {
        let mut read: Vec<Vec<bool>> = self.nets.iter().map(|net| vec![false; net.width]).collect();
        let mut mark = |slice: Slice| read[slice.net][slice.low..slice.low + slice.width].fill(true);
        self.assigns.iter().for_each(|(_, value)| value.visit(&mut mark));
        self.procedural.iter().for_each(|statement| statement.visit(&mut mark));
        for (&port, value) in &self.connections {
            // What an output is connected to is driven, not read.
            if self.nets[port].kind == Kind::ChildInput {
                value.visit(&mut mark);
            }
        }
        let mut unread = vec![];
        for (net, of_net) in self.nets.iter().enumerate() {
            let driven = match of_net.kind {
                Kind::Input => true,
                Kind::Local | Kind::ChildOutput { .. } => {
                    used.contains(&net) && !self.connections.contains_key(&net)
                }
                Kind::ChildInput | Kind::Output | Kind::Constant(_) => false,
            };
            let mut low = 0;
            for bits in read[net].chunk_by(|a, b| a == b) {
                if driven && !bits[0] {
                    unread.push(printer.slice(Slice { net, low, width: bits.len() }));
                }
                low += bits.len();
            }
        }
        unread
    }

    /// A register's output goes by the register's name, a constant by capitals.
    fn net_name(&self, net: usize) -> String {
        let Net { name, kind, .. } = &self.nets[net];
        match kind {
            Kind::ChildOutput { inline: true, .. } => identifier(name.trim_end_matches("$q")),
            Kind::Constant(_) => identifier(name).to_uppercase(),
            _ => identifier(name),
        }
    }

    fn print_statement<N: Fn(usize) -> (String, usize)>(
        &self,
        statement: &Statement,
        depth: usize,
        printer: &Printer<N>,
        out: &mut String,
    ) -> Result<(), EmitError> {
        let indent = "  ".repeat(depth);
        match statement {
            Statement::Assign(target, value) => {
                let value = printer.print(value, target.width)?;
                *out += &format!("{indent}{} = {value};\n", printer.slice(*target));
            }
            Statement::If(condition, then, otherwise) => {
                *out += &format!("{indent}if ({}) begin\n", printer.print(condition, 1)?);
                for statement in then {
                    self.print_statement(statement, depth + 1, printer, out)?;
                }
                if !otherwise.is_empty() {
                    *out += &format!("{indent}end else begin\n");
                    for statement in otherwise {
                        self.print_statement(statement, depth + 1, printer, out)?;
                    }
                }
                *out += &format!("{indent}end\n");
            }
        }
        Ok(())
    }
}

/// `[width-1:0] `, or nothing for one bit.
pub(super) fn range(width: usize) -> String {
    if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) }
}

/// `text` with every word that is a port replaced by what the port is connected to.
fn substitute(text: &str, connections: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
        let word_end =
            |word: &str| word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        // A letter right after a digit or an apostrophe belongs to a number (`8'd0`).
        let is_word = !rest[..start].ends_with(|c: char| c.is_ascii_digit() || c == '\'');
        let word = &rest[start..start + word_end(&rest[start..])];
        out += &rest[..start];
        let connection = connections.iter().find(|(port, _)| is_word && port == word);
        out += connection.map_or(word, |(_, value)| value);
        rest = &rest[start + word.len()..];
    }
    // A register that always takes its input has no condition.
    (out + rest).replace("if (1'd1) ", "")
}
