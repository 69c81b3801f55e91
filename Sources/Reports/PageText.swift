// The page as one file: frame, style, script and data put together. The same text is the report that can be mailed and
// what the dashboard serves; its parts are the readable files in Page/, compiled in, so that no path of the machine that
// built the program matters. Refuses third-party script and anything that would be fetched.

import Foundation

/// What a page carries besides its frame.
public struct PageCarriage: Equatable, Sendable, Codable {
    /// The runs it shows.
    public var pages: [PageDocument]
    /// The list of runs, when the page is about all of them.
    public var listing: RunsDocument?
    /// Whether a server stands behind it, to be asked for what is new.
    public var server: Bool

    /// A page's data from its parts.
    public init(pages: [PageDocument], listing: RunsDocument? = nil, server: Bool = false) {
        self.pages = pages
        self.listing = listing
        self.server = server
    }
}

/// The page that shows `carriage`, as the text of an HTML file that needs nothing else.
public func pageText(_ carriage: PageCarriage, title: String) -> String {
    pageText(data: encodeJSON(carriage, isCompact: true), title: title)
}

/// The page of the runs whose documents are `pages`, each a `PageDocument` as compact JSON.
public func pageText(pages: [String], server: Bool = false, title: String) -> String {
    pageText(data: "{\"pages\":[\(pages.joined(separator: ","))],\"server\":\(server)}", title: title)
}

private func pageText(data: String, title: String) -> String {
    framedPage(
        title: title, data: data,
        scripts: [
            PackageResources.base_js, PackageResources.series_js, PackageResources.model_js, PackageResources.scale_js,
            PackageResources.chart_js, PackageResources.gantt_js, PackageResources.ledger_js,
            PackageResources.incidents_js, PackageResources.page_js,
        ])
}

/// The frame and the style around `scripts`, which find `data`, compact JSON, in the element of that name.
func framedPage(title: String, data: String, scripts: [[UInt8]]) -> String {
    let frame = text(PackageResources.page_html)
        .replacing("{{title}}", with: SVGText.escaped(title))
        .replacing("{{style}}", with: text(PackageResources.page_css))
        .replacing("{{script}}", with: scripts.map(text).joined(separator: "\n"))
    // Inside a script element only `<` could end the data early; JSON may write it as an escape. A search in a text of
    // many megabytes is slow in letters and fast in bytes.
    let isPlain = !data.utf8.contains(UInt8(ascii: "<"))
    let parts = frame.split(separator: "{{data}}", maxSplits: 1).map(String.init)
    return parts[0] + (isPlain ? data : data.replacing("<", with: "\\u003c")) + parts[1]
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
