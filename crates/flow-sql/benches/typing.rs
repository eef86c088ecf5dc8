//! How fast queries are typed: 2,500 of them are a tenth of a program of 25,000 steps.
fn main() {
    divan::main();
}
