// swift-tools-version: 6.2
// Understudy: one control plane, two worlds. Each edge below is a rule of docs/ARCHITECTURE.md; build with
// `--explicit-target-dependency-import-check error` so that the compiler holds every import against this list.
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "understudy",
    products: [
        .executable(name: "understudy", targets: ["CLI"]),
        .executable(name: "understudy-worker", targets: ["WorkerDaemon"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C: two system libraries and our own kernels.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CKernels", cSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "CHost", cSettings: [.treatAllWarnings(as: .error)]),

        // Pure: values in, values out.
        .target(name: "Primitives", swiftSettings: strict),
        .target(name: "Jobs", dependencies: ["Primitives"], swiftSettings: strict),
        .target(name: "Messages", dependencies: ["Primitives"], swiftSettings: strict),
        .target(name: "Hardware", dependencies: ["Primitives", "Jobs"], swiftSettings: strict),
        .target(name: "Failures", dependencies: ["Primitives", "Hardware"], swiftSettings: strict),
        .target(name: "Scheduling", dependencies: ["Primitives", "Hardware", "Jobs"], swiftSettings: strict),
        .target(
            name: "ControlPlane", dependencies: ["Primitives", "Hardware", "Jobs", "Messages", "Scheduling"],
            swiftSettings: strict),
        .target(
            name: "Training",
            dependencies: [
                "Primitives", "Jobs", "CBLAS", "CKernels", .product(name: "Crypto", package: "swift-crypto"),
            ], swiftSettings: strict),

        // Files: what a person wrote, and what a run recorded.
        .target(
            name: "SpecFiles",
            dependencies: ["Primitives", "Jobs", "Hardware", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        .target(
            name: "Journaling",
            dependencies: [
                "Primitives", "Jobs", "Hardware", "Scheduling", "ControlPlane",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: strict),
        .target(
            name: "Reports",
            dependencies: ["Primitives", "Jobs", "ControlPlane", "Journaling", "Replay", "Scheduling"],
            resources: [.embedInCode("Page")], swiftSettings: strict),
        // The one module that links a web server; the worker must never reach it.
        .target(
            name: "Dashboard",
            dependencies: [
                "Primitives", "Journaling", "Reports", .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),

        .target(
            name: "Exports", dependencies: ["Primitives", "ControlPlane", "Journaling", "Reports", "CKernels"],
            swiftSettings: strict),

        // Traces of jobs through the scheduler, in virtual time.
        .target(
            name: "Replay", dependencies: ["Primitives", "Hardware", "Failures", "Scheduling"], swiftSettings: strict),

        // The simulated world: seed in, journal out.
        .target(
            name: "Simulation",
            dependencies: [
                "Primitives", "Jobs", "Hardware", "Failures", "Messages", "Scheduling", "ControlPlane", "Journaling",
            ], swiftSettings: strict),

        // The live world. The worker's half links neither the journal's database nor the YAML reader.
        .target(
            name: "Wire", dependencies: ["Primitives", "Messages", "CKernels", "CZeroMQ", "CHost"],
            path: "Sources/Live/Wire",
            swiftSettings: strict),
        .target(
            name: "Worker",
            dependencies: [
                "Primitives", "Jobs", "Messages", "Training", "Wire", "CHost",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Live/Worker", swiftSettings: strict),
        .target(
            name: "LiveCoordinator",
            dependencies: [
                "Primitives", "Jobs", "Hardware", "Messages", "Scheduling", "ControlPlane", "Journaling", "Training",
                "Wire", "CHost", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Live/Coordinator", swiftSettings: strict),

        // The live world of a queue of jobs, each with a coordinator process of its own.
        .target(
            name: "LiveQueue",
            dependencies: [
                "Primitives", "Messages", "Scheduling", "ControlPlane", "Journaling", "Wire", "LiveCoordinator",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Live/Queue", swiftSettings: strict),

        .executableTarget(
            name: "CLI",
            dependencies: [
                "Primitives", "Jobs", "Hardware", "Scheduling", "ControlPlane", "Training", "SpecFiles", "Journaling",
                "Replay", "Reports", "Dashboard", "Exports", "Failures", "Simulation", "Wire", "LiveCoordinator",
                "LiveQueue", "CHost",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "WorkerDaemon",
            dependencies: [
                "Primitives", "Worker", "Training", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // Benchmarks that are programs; those that are scripts stand beside them in benchmarks/.
        .executableTarget(
            name: "StepBenchmark", dependencies: ["Primitives", "Jobs", "Training"], path: "benchmarks/StepBenchmark",
            swiftSettings: strict),
        .executableTarget(
            name: "RehearsedRun", dependencies: ["Primitives", "Jobs", "ControlPlane", "Journaling"],
            path: "benchmarks/RehearsedRun", swiftSettings: strict),
        .executableTarget(
            name: "SchedulingBenchmark", dependencies: ["Primitives", "Scheduling", "Replay"],
            path: "benchmarks/SchedulingBenchmark", swiftSettings: strict),
        .executableTarget(
            name: "SimulationBenchmark",
            dependencies: [
                "Primitives", "Hardware", "Failures", "SpecFiles", "Simulation",
            ], path: "benchmarks/SimulationBenchmark", swiftSettings: strict),

        // Tests, one target a module.
        .testTarget(name: "PrimitivesTests", dependencies: ["Primitives"], swiftSettings: strict),
        .testTarget(
            name: "TrainingTests", dependencies: ["Primitives", "Jobs", "Training", "CKernels", "CBLAS"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "HardwareTests", dependencies: ["Primitives", "Jobs", "Hardware", "SpecFiles"], swiftSettings: strict),
        .testTarget(
            name: "SpecFilesTests", dependencies: ["Primitives", "Jobs", "Hardware", "SpecFiles"],
            swiftSettings: strict),
        .testTarget(
            name: "ControlPlaneTests",
            dependencies: ["Primitives", "Jobs", "Hardware", "Messages", "Scheduling", "ControlPlane"],
            swiftSettings: strict),
        .testTarget(
            name: "SchedulingTests", dependencies: ["Primitives", "Jobs", "Hardware", "Scheduling"],
            swiftSettings: strict),
        .testTarget(
            name: "ReplayTests", dependencies: ["Primitives", "Hardware", "Failures", "Scheduling", "Replay"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "JournalingTests",
            dependencies: [
                "Primitives", "Jobs", "Messages", "Scheduling", "ControlPlane", "Journaling",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: strict),
        .testTarget(
            name: "ReportsTests",
            dependencies: [
                "Primitives", "Jobs", "ControlPlane", "Journaling", "Reports", "Exports", "Replay", "Scheduling",
            ], swiftSettings: strict),
        .testTarget(
            name: "DashboardTests",
            dependencies: ["Primitives", "Jobs", "ControlPlane", "Journaling", "Reports", "Dashboard"],
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Primitives", "Jobs", "Hardware", "Failures", "Messages", "ControlPlane", "Journaling", "SpecFiles",
                "Simulation", "Scheduling",
            ], swiftSettings: strict),
        .testTarget(
            name: "FailuresTests", dependencies: ["Primitives", "Hardware", "Failures"], swiftSettings: strict),
        .testTarget(name: "WireTests", dependencies: ["Primitives", "Messages", "Wire"], swiftSettings: strict),
        // Both run the built executables through the same harness, which is why it is a target of its own.
        .target(
            name: "ProcessHarness", dependencies: ["Primitives", "ControlPlane", "Journaling"],
            path: "Tests/ProcessHarness", swiftSettings: strict),
        .testTarget(
            name: "LiveTests",
            dependencies: [
                "Primitives", "Jobs", "Scheduling", "Messages", "ControlPlane", "Journaling", "Wire", "Training",
                "Worker",
                "LiveCoordinator", "LiveQueue", "ProcessHarness", "CLI", "WorkerDaemon",
            ], swiftSettings: strict),
        .testTarget(
            name: "CLITests", dependencies: ["ProcessHarness", "CLI", "WorkerDaemon"], exclude: ["Snapshots"],
            swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
