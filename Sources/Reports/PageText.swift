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
    // Inside a script element only `<` could end the data early; JSON may write it as an escape.
    let data = encodeJSON(carriage, isCompact: true).replacing("<", with: "\\u003c")
    let scripts = [
        PackageResources.base_js, PackageResources.series_js, PackageResources.model_js, PackageResources.scale_js,
        PackageResources.chart_js, PackageResources.gantt_js, PackageResources.ledger_js,
        PackageResources.incidents_js, PackageResources.page_js,
    ]
    return text(PackageResources.page_html)
        .replacing("{{title}}", with: SVGText.escaped(title))
        .replacing("{{style}}", with: text(PackageResources.page_css))
        .replacing("{{script}}", with: scripts.map(text).joined(separator: "\n"))
        .replacing("{{data}}", with: data)
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
