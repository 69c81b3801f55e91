// The manifest is the architecture: docs/ARCHITECTURE.md shows its edges as a table, and this holds the two together.
// Reads the manifest as text, because asking the package manager for it takes seconds. Refuses to know why an edge is
// there: the document says so.

import Testing

/// One target of the manifest, or one row of the document's table.
struct ModuleEdges: Equatable {
    /// The module.
    var name: String
    /// The package's own modules that it may import, in alphabetical order.
    var imports: [String]
    /// The libraries of other packages that it may import, in alphabetical order.
    var products: [String]

    /// The row of the document's table.
    var row: String {
        func cell(_ names: [String]) -> String { names.isEmpty ? "–" : names.joined(separator: ", ") }
        return "| \(name) | \(cell(imports)) | \(cell(products)) |"
    }
}

enum Manifest {
    /// Every target but the tests, in the manifest's order.
    static let modules: [ModuleEdges] = {
        let text = Repository.file("Package.swift").lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") }
            .joined(separator: "\n")
        guard let targets = text.firstRange(of: "targets: [\n        .") else { return [] }
        var rest = text[targets.upperBound...]
        var found: [ModuleEdges] = []
        while let open = rest.firstIndex(of: "(") {
            let kind = rest[..<open].split { !$0.isLetter }.last ?? ""
            let body = enclosed(rest, from: open)
            rest = rest[body.endIndex...].dropFirst()
            let isTestsOwn = body.contains("path: \"Tests/")  // What tests share is no part of the architecture.
            if ["target", "executableTarget", "systemLibrary"].contains(kind), !isTestsOwn {
                found.append(edges(of: body))
            }
        }
        return found
    }()

    /// What stands between the bracket at `open` and the one that closes it.
    private static func enclosed(_ text: Substring, from open: Substring.Index) -> Substring {
        var depth = 0
        for index in text[open...].indices {
            if "([".contains(text[index]) { depth += 1 }
            if ")]".contains(text[index]) { depth -= 1 }
            if depth == 0 { return text[text.index(after: open)..<index] }
        }
        return text[text.index(after: open)...]
    }

    /// The texts in quotation marks.
    private static func quoted(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
    }

    private static func edges(of target: Substring) -> ModuleEdges {
        var own = ""
        var products: [String] = []
        if let label = target.firstRange(of: "dependencies: [") {
            var rest = enclosed(target, from: target.index(before: label.upperBound))
            while let product = rest.firstRange(of: ".product(") {
                own += rest[..<product.lowerBound]
                let arguments = enclosed(rest, from: rest.index(before: product.upperBound))
                products += quoted(arguments).prefix(1)
                rest = rest[arguments.endIndex...].dropFirst()
            }
            own += rest
        }
        return ModuleEdges(
            name: quoted(target).first ?? "", imports: quoted(own).sorted(), products: products.sorted())
    }

    /// Everything that is linked into `module`: its imports and theirs.
    static func closure(of module: String) -> (modules: Set<String>, products: Set<String>) {
        var reached: Set<String> = []
        var products: Set<String> = []
        func visit(_ name: String) {
            guard reached.insert(name).inserted, let edges = modules.first(where: { $0.name == name }) else { return }
            products.formUnion(edges.products)
            edges.imports.forEach(visit)
        }
        visit(module)
        reached.remove(module)
        return (reached, products)
    }
}

@Suite("The manifest and the documents")
struct ManifestTests {
    @Test func `the architecture's table of edges is the manifest's`() throws {
        try #require(Manifest.modules.count > 10)
        let lines = Repository.file("docs/ARCHITECTURE.md").lines
        let header = try #require(lines.firstIndex { $0.hasPrefix("| module | may import |") })
        let rows = lines[(header + 2)...].prefix { $0.hasPrefix("|") }.map(String.init)
        let expected = Manifest.modules.map(\.row)
        let missing = expected.filter { !rows.contains($0) }
        let superfluous = rows.filter { !expected.contains($0) }
        #expect(missing.isEmpty, "add to the table:\n\(missing.joined(separator: "\n"))")
        #expect(superfluous.isEmpty, "remove from the table:\n\(superfluous.joined(separator: "\n"))")
        #expect(rows.count == expected.count)
    }

    @Test func `the control plane sees neither a world nor what a world hides from it`() {
        let hidden: Set = [
            "Training", "Wire", "Worker", "LiveCoordinator", "Simulation", "Failures", "Scaling", "Journaling",
            "Reports",
        ]
        let seen = Manifest.closure(of: "ControlPlane")
        #expect(seen.modules.isDisjoint(with: hidden))
        #expect(seen.products.isEmpty)
    }

    @Test func `the worker links neither the database nor the YAML reader`() {
        let linked = Manifest.closure(of: "WorkerDaemon")
        #expect(linked.modules.contains("Worker"))
        #expect(linked.modules.isDisjoint(with: ["Journaling", "SpecFiles", "LiveCoordinator", "Dashboard", "CLI"]))
        #expect(linked.products.isDisjoint(with: ["GRDB", "Yams", "Hummingbird"]))
    }

    @Test func `one world does not see the other`() {
        #expect(!Manifest.closure(of: "LiveCoordinator").modules.contains("Simulation"))
        #expect(!Manifest.closure(of: "Worker").modules.contains("Simulation"))
        #expect(Manifest.closure(of: "Simulation").modules.isDisjoint(with: ["Wire", "Worker", "LiveCoordinator"]))
    }

    @Test func `no module has the name of a type inside it`() {
        // A module called like one of its types cannot be qualified: swiftlang/swift#62639.
        let clashes = Repository.files.filter { file in
            guard let module = file.module, file.isOne(of: "swift") else { return false }
            return ["struct", "class", "enum", "actor", "protocol"].contains { kind in
                !Ban(needle: "\(kind) \(module)", instead: "").lines(in: file.code).isEmpty
            }
        }
        #expect(clashes.map(\.path) == [])
    }

    @Test func `system packages are named in one script`() {
        let script = Repository.file("scripts/install-dependencies").text
        let manifest = Repository.file("Package.swift").text
        let providers = manifest.components(between: ".apt([\"", and: "\"])")
        #expect(!providers.isEmpty)
        #expect(providers.allSatisfy { script.contains($0) }, "\(providers) are not all installed")

        let image = Repository.file("Dockerfile")
        #expect(
            !image.text.contains("apt" + "-get"), "the image installs packages through scripts/install-dependencies")
        let runs = image.lines.filter { $0.hasPrefix("RUN scripts/install-dependencies") }
        #expect(runs.count == 2 && runs.contains { $0.contains("--runtime") })
        for name in ["demo", "test"] {
            #expect(Repository.file("scripts/\(name)").lines.contains("scripts/install-dependencies"), "\(name)")
        }
    }

    @Test func `every build checks the imports`() {
        let flag = "--explicit-target-dependency-import-check error"
        for path in ["scripts/demo", "scripts/test", ".ci/run", "Dockerfile"] {
            let builds = Repository.file(path).lines.filter { $0.contains("swift build") }
            #expect(builds.allSatisfy { $0.contains(flag) }, "\(path)")
            #expect(!builds.isEmpty, "\(path)")
        }
    }

    @Test func `links between the documents lead somewhere`() {
        for file in Repository.files where file.isOne(of: "md") {
            let folder = file.path.split(separator: "/").dropLast().map(String.init)
            for link in file.text.components(between: "](", and: ")") where !link.contains("://") && link.first != "#" {
                var place = folder
                for part in link.prefix(while: { $0 != "#" }).split(separator: "/") where part != "." {
                    if part == ".." { _ = place.popLast() } else { place.append(String(part)) }
                }
                let target = place.joined(separator: "/")
                #expect(Repository.has(target), "\(file.path) links to \(link)")
            }
        }
    }
}

extension String {
    /// The texts between each `opening` and the next `closing`.
    fileprivate func components(between opening: String, and closing: String) -> [String] {
        ranges(of: opening).compactMap { range in
            self[range.upperBound...].firstRange(of: closing).map { String(self[range.upperBound..<$0.lowerBound]) }
        }
    }
}
