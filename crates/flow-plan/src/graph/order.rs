//! Orders and cycles of a graph, without recursion.

use super::{Graph, VertexId};

impl Graph {
    /// The vertices in an order in which each comes after all that it is made from.
    ///
    /// # Errors
    /// A cycle, as the vertices along it, the first repeated at the end, when there is one.
    pub fn sorted(&self) -> Result<Vec<VertexId>, Vec<VertexId>> {
        let mut waiting: Vec<usize> = self.ids().map(|vertex| self.data_in.of(vertex).len()).collect();
        let mut order: Vec<VertexId> = self.ids().filter(|vertex| waiting[*vertex as usize] == 0).collect();
        let mut next = 0;
        while let Some(vertex) = order.get(next).copied() {
            next += 1;
            for after in self.data_out.of(vertex) {
                waiting[*after as usize] -= 1;
                if waiting[*after as usize] == 0 {
                    order.push(*after);
                }
            }
        }
        if order.len() == self.vertices.len() {
            return Ok(order);
        }
        let start = self.ids().find(|vertex| waiting[*vertex as usize] > 0).unwrap_or_default();
        Err(self.cycle_before(start, &waiting))
    }

    /// Walks back from a vertex that waits for ever until one repeats: what waits for ever has such a predecessor.
    fn cycle_before(&self, start: VertexId, waiting: &[usize]) -> Vec<VertexId> {
        let mut path = Vec::new();
        let mut place = vec![None; waiting.len()];
        let mut vertex = start;
        while place[vertex as usize].is_none() {
            place[vertex as usize] = Some(path.len());
            path.push(vertex);
            let before = self.data_in.of(vertex).iter().find(|before| waiting[**before as usize] > 0);
            let Some(before) = before else { break };
            vertex = *before;
        }
        let mut cycle = path.split_off(place[vertex as usize].unwrap_or_default());
        cycle.push(vertex);
        cycle.reverse();
        cycle
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{Edge, EdgeKind, Graph, Vertex, VertexKind};
    use flow_expr::Name;

    fn graph(vertices: u32, edges: impl IntoIterator<Item = (u32, u32)>) -> Graph {
        let vertex = |id: u32| Vertex {
            kind: VertexKind::Step,
            name: Name::new(format!("s{id}")),
            label: format!("s{id}").into(),
            flow: None,
            owner: None,
            tags: [].into(),
        };
        let edges = edges.into_iter().map(|(from, to)| Edge { from, to, kind: EdgeKind::Data }).collect();
        Graph::assemble((0..vertices).map(vertex).collect(), edges)
    }

    #[test]
    fn a_chain_of_100_000_is_sorted_and_walked() {
        let long = graph(100_000, (1..100_000).map(|to| (to - 1, to)));
        assert_eq!(long.sorted().unwrap().len(), 100_000);
        assert_eq!(long.downstream(&[0], None).len(), 100_000);
        assert_eq!(long.upstream(&[50], Some(3)), [47, 48, 49, 50]);
        assert_eq!(long.downstream(&[50], Some(0)), [50]);
    }

    #[test]
    fn a_cycle_is_shown_as_its_path() {
        let tied = graph(6, [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (4, 5)]);
        let cycle = tied.sorted().unwrap_err();
        assert_eq!(cycle.first(), cycle.last());
        let mut inner = cycle[1..].to_vec();
        inner.sort_unstable();
        assert_eq!(inner, [1, 2, 3]);
        for pair in cycle.windows(2) {
            assert!(tied.edges().iter().any(|edge| (edge.from, edge.to) == (pair[0], pair[1])), "{cycle:?}");
        }
    }

    #[test]
    fn repeated_edges_and_loops_are_dropped() {
        let doubled = graph(2, [(0, 1), (0, 1), (1, 1)]);
        assert_eq!(doubled.edges().len(), 1);
    }
}
