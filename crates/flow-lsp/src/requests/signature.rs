//! `textDocument/signatureHelp`.

use crate::snapshot::{Failure, Snapshot};
use flow_diag::Encoding;
use lsp_types::{
    Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterLabel, SignatureHelp, SignatureHelpParams,
    SignatureInformation,
};

pub(crate) fn answer(snapshot: &Snapshot, params: SignatureHelpParams) -> Result<Option<SignatureHelp>, Failure> {
    let place = params.text_document_position_params;
    let Some((view, file)) = snapshot.file() else { return Ok(None) };
    let Some(text) = snapshot.text(&place.text_document.uri) else { return Ok(None) };
    let offset = snapshot.around.with_lines(&text, |lines| lines.offset(place.position));
    let encoding = snapshot.around.client.encoding;
    let help = flow_ide::signatures(&view.analysis, file, &text, offset).map(|found| SignatureHelp {
        signatures: found.all.into_iter().map(|signature| information(signature, encoding)).collect(),
        active_signature: Some(0),
        active_parameter: found.active,
    });
    Ok(help)
}

fn information(signature: flow_ide::Signature, encoding: Encoding) -> SignatureInformation {
    let units = |offset: u32| {
        let before = &signature.label[..offset as usize];
        let units = if encoding == Encoding::Utf8 { before.len() } else { before.encode_utf16().count() };
        u32::try_from(units).unwrap_or(u32::MAX)
    };
    let parameter = |(start, end): &(u32, u32)| ParameterInformation {
        label: ParameterLabel::LabelOffsets([units(*start), units(*end)]),
        documentation: None,
    };
    SignatureInformation {
        parameters: Some(signature.params.iter().map(parameter).collect()),
        documentation: signature
            .docs
            .clone()
            .map(|value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })),
        active_parameter: None,
        label: signature.label,
    }
}
