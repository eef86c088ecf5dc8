//! What checking gives besides problems: types, functions, the index.

use crate::common::{check, check_modules};
use flow_diag::{FileId, Span};
use flow_expr::{Context, Expr, ExprKind, Name, Type, TypeDef, Value};
use flow_sema::index::DefinitionKind;

/// The value of `main.x()` in a program.
fn run(text: &str) -> Value {
    let (checked, problems) = check(text);
    assert!(problems.is_empty(), "{problems:?}");
    let program = checked.program;
    let context = Context::new(&program.functions, &program.types, jiff::Timestamp::UNIX_EPOCH);
    let call = Expr::new(ExprKind::Call(Name::new("main.x"), vec![]), Span::default());
    flow_expr::evaluate(&call, &(), &context).expect("the program has a value")
}

#[test]
fn what_is_elaborated_can_be_evaluated() {
    let shape = "type Shape = Point | Circle(radius: Decimal) | Box(width: Int, height: Int?)\n";
    let cases = [
        ("fn x() -> Decimal { [1, 2.5].sum() }", "Decimal(3.5)"),
        ("fn x() -> Decimal { let a = 1 let b: Decimal = a let a2 = b + 2 a2 * 2 }", "Decimal(6)"),
        (
            "fn x() -> Int { match half(5) { 0..2 => 1, n if n > 10 => 2, _ => 3 } } fn half(n: Int) -> Int { n / 2 }",
            "Int(1)",
        ),
        (
            "fn x() -> Map<String, Decimal> { [\"a\": one(), \"b\": 2] } fn one() -> Int { 1 }",
            "Map({String(\"a\"): Decimal(1), String(\"b\"): Decimal(2)})",
        ),
        ("const c = 5 fn x() -> List<Int> { (1..3).map(n => n * c) }", "List([Int(5), Int(10), Int(15)])"),
        ("fn x() -> String { let n: Int? = none \"{n ?? 7} {([1, 2])} {(2h)}\" }", "String(\"7 [1, 2] 2h\")"),
        ("fn x() -> Int { let n = [3].first() if n != none and n > 2 { n } else { 0 } }", "Int(3)"),
        ("fn x() -> Float { twice(0.25) } fn twice(f: Float) -> Float { 2 * f + 1 }", "Float(1.5)"),
        ("fn x() -> Int { [1, 2].map(double).sum() } fn double(n: Int) -> Int { n * 2 }", "Int(6)"),
        (
            "fn x() -> Int { pick([7, 8], 0) } fn pick<T>(items: List<T>, other: T) -> T { items.get(0) ?? other }",
            "Int(7)",
        ),
        (
            "fn x() -> Decimal { add(b: 1) } fn add(a: Decimal = c, b: Decimal) -> Decimal { a + b } const c = 2",
            "Decimal(3)",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(format!("{:?}", run(text)), expected, "{text}");
    }
    let area = "fn area(s: Shape) -> Decimal { match s { Point => 0, Circle(radius: r) => r * r, Box(width: w, height: h) => w * (h ?? w) } }\n";
    let text = format!(
        "{shape}{area}fn x() -> Decimal {{ area(Circle(radius: 2)) + area(Box(width: 3)) + area(Shape.Point) }}"
    );
    assert_eq!(format!("{:?}", run(&text)), "Decimal(13)");
}

#[test]
fn types_keep_order_labels_rules_and_their_text() {
    let text = "label pii \"x\"\ntype Person { name: String @pii where it.length()   >  // long\n 0, age: Int? }";
    let (checked, problems) = check(text);
    assert!(problems.is_empty(), "{problems:?}");
    let Some(TypeDef::Record(fields)) = checked.program.types.get(&Name::new("main.Person")) else {
        panic!("a record");
    };
    assert_eq!(fields.iter().map(|field| &*field.name).collect::<Vec<_>>(), ["name", "age"]);
    assert_eq!(fields[0].labels, [Name::new("main.pii")]);
    let rule = fields[0].refinement.as_ref().expect("a rule");
    assert_eq!(&*rule.text, "it.length() > 0");
    assert_eq!(fields[1].ty, Type::Int.optional());
}

#[test]
fn names_lead_to_their_declarations_across_modules() {
    let shop = "/// What is paid.\ntype Order { amount: Decimal }\nfn paid(order: Order) -> Decimal { order.amount }";
    let report =
        "use shop.{Order, paid}\nfn total(orders: List<Order>) -> Decimal { orders.sum(o => o.paid() + o.amount) }";
    let (checked, problems) = check_modules(&[("shop", shop), ("report", report)]);
    assert!(problems.is_empty(), "{problems:?}");
    let at = |file: u32, text: &str, needle: &str, skip: usize| {
        let start = text.match_indices(needle).nth(skip).expect("it is there").0;
        Span::new(FileId(file), u32::try_from(start).expect("short"), u32::try_from(start).expect("short"))
    };
    let index = &checked.index;
    let order = index.definition_at(at(1, report, "Order", 1)).expect("a mention");
    let found = index.definition(order).expect("it is defined");
    assert_eq!((found.name.as_str(), found.kind), ("shop.Order", DefinitionKind::Declaration("type")));
    assert_eq!(found.docs.as_deref(), Some("What is paid."));
    assert_eq!(index.definition_at(at(0, shop, "Order", 0)), Some(order));
    assert_eq!(index.mentions(order).count(), 3);
    let amount = index.definition_at(at(1, report, "amount", 0)).and_then(|id| index.definition(id));
    assert_eq!(amount.map(|field| field.name.as_str()), Some("shop.Order.amount"));
    let built_in = index.definition_at(at(1, report, "sum(", 0)).and_then(|id| index.definition(id));
    assert_eq!(built_in.map(|sum| sum.name.as_str()), Some("std.list.sum"));
    let ty = index.type_at(at(1, report, "o.amount", 0)).map(|typed| typed.ty.clone());
    assert_eq!(ty, Some(Type::Named(Name::new("shop.Order"))));
}
