//! The call hierarchy, as lineage: who calls is what feeds, who is called is what is fed.

use crate::snapshot::{Failure, Snapshot, View};
use flow_expr::Name;
use flow_ide::{Station, Way};
use lsp_types::{
    CallHierarchyIncomingCall, CallHierarchyIncomingCallsParams, CallHierarchyItem, CallHierarchyOutgoingCall,
    CallHierarchyOutgoingCallsParams, CallHierarchyPrepareParams, SymbolKind,
};

pub(crate) fn prepare(
    snapshot: &Snapshot,
    params: CallHierarchyPrepareParams,
) -> Result<Option<Vec<CallHierarchyItem>>, Failure> {
    let Some((view, at)) = snapshot.place(params.text_document_position_params.position) else { return Ok(None) };
    let station = flow_ide::station(&view.analysis, at);
    Ok(station.and_then(|station| item(view, &station)).map(|item| vec![item]))
}

fn item(view: &View, station: &Station) -> Option<CallHierarchyItem> {
    let range = view.range(station.at);
    Some(CallHierarchyItem {
        name: station.name.short().to_owned(),
        kind: if station.keyword == "step" { SymbolKind::METHOD } else { SymbolKind::ARRAY },
        tags: None,
        detail: Some(station.name.as_str().to_owned()),
        uri: view.uri(station.at.file)?,
        range,
        selection_range: range,
        data: Some(station.name.as_str().into()),
    })
}

fn around(snapshot: &Snapshot, of: &CallHierarchyItem, way: Way) -> Option<Vec<CallHierarchyItem>> {
    let (view, _) = snapshot.current.as_ref()?;
    let name = Name::new(of.data.as_ref()?.as_str()?);
    let found = flow_ide::next(&view.analysis, &name, way);
    Some(found.iter().filter_map(|station| item(view, station)).collect())
}

pub(crate) fn incoming(
    snapshot: &Snapshot,
    params: CallHierarchyIncomingCallsParams,
) -> Result<Option<Vec<CallHierarchyIncomingCall>>, Failure> {
    let call = |from: CallHierarchyItem| CallHierarchyIncomingCall { from_ranges: vec![from.selection_range], from };
    Ok(around(snapshot, &params.item, Way::Up).map(|found| found.into_iter().map(call).collect()))
}

pub(crate) fn outgoing(
    snapshot: &Snapshot,
    params: CallHierarchyOutgoingCallsParams,
) -> Result<Option<Vec<CallHierarchyOutgoingCall>>, Failure> {
    let own = params.item.selection_range;
    let call = |to: CallHierarchyItem| CallHierarchyOutgoingCall { from_ranges: vec![own], to };
    Ok(around(snapshot, &params.item, Way::Down).map(|found| found.into_iter().map(call).collect()))
}
