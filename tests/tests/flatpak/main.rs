//! The Flatpak: what it asks for, what software centres read of it, and, in `built`, the built package
//! run in its sandbox. `make test-flatpak` builds it first.

mod built;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use evenkeel_lab::install::source_tree;
use evenkeel_lab::sandbox::APPLICATION;
use roxmltree::{Document, Node};

/// Everything the sandbox may do, and why it needs it stands in the manifest.
const GRANTS: [&str; 7] = [
    "Context devices input",
    "Context shared ipc",
    "Context shared network",
    "Context sockets fallback-x11",
    "Context sockets wayland",
    // How flatpak writes down fallback-x11, for versions that do not know it.
    "Context sockets x11",
    "System Bus Policy io.github.evenkeel.Helper1 talk",
];

fn asset(name: &str) -> String {
    let path = source_tree().join("assets").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn validate(tool: &str, package: &str, arguments: &[&str]) {
    let output = Command::new(tool)
        .args(arguments)
        .current_dir(source_tree().join("assets"))
        .output()
        .unwrap_or_else(|error| panic!("{tool} (Debian package {package}): {error}"));
    assert!(output.status.success(), "{tool}: {output:?}");
}

#[test]
fn the_manifest_asks_for_nothing_but_the_known_list() {
    let path = format!("packaging/flatpak/{APPLICATION}.yml");
    let manifest = fs::read_to_string(source_tree().join(path)).unwrap();
    let asked: BTreeSet<&str> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- --"))
        .collect();
    let expected = [
        "device=input",
        "require-version=1.16.0",
        "share=ipc",
        "share=network",
        "socket=fallback-x11",
        "socket=wayland",
        "system-talk-name=io.github.evenkeel.Helper1",
    ];
    assert_eq!(asked, expected.into());
    assert!(
        !manifest.contains("build-args"),
        "the build has no network either"
    );
}

#[test]
fn the_desktop_file_is_valid() {
    let name = format!("{APPLICATION}.desktop");
    validate("desktop-file-validate", "desktop-file-utils", &[&name]);
}

#[test]
fn the_software_centres_data_are_valid() {
    let name = format!("{APPLICATION}.metainfo.xml");
    validate(
        "appstreamcli",
        "appstream",
        &["validate", "--no-net", &name],
    );
}

#[test]
fn every_sentence_of_the_software_centres_data_is_there_in_korean_too() {
    let text = asset(&format!("{APPLICATION}.metainfo.xml"));
    let document = Document::parse(&text).unwrap();
    let language = |node: &Node| {
        node.attribute(("http://www.w3.org/XML/1998/namespace", "lang"))
            .map(str::to_owned)
    };
    let mut sentences = 0;
    for node in document.descendants() {
        let worded = matches!(node.tag_name().name(), "summary" | "p" | "li" | "caption");
        if !worded || language(&node).is_some() {
            continue;
        }
        let next = node.next_sibling_element();
        let next = next.filter(|next| next.tag_name() == node.tag_name());
        assert_eq!(
            next.and_then(|next| language(&next)).as_deref(),
            Some("ko"),
            "no Korean after {:?}",
            node.text()
        );
        sentences += 1;
    }
    assert!(sentences > 5, "{sentences}");
    let desktop = asset(&format!("{APPLICATION}.desktop"));
    for key in ["GenericName", "Comment", "Keywords"] {
        assert!(desktop.contains(&format!("\n{key}[ko]=")), "{key}");
    }
}

#[test]
fn the_software_centres_data_agree_with_the_program() {
    let text = asset(&format!("{APPLICATION}.metainfo.xml"));
    let document = Document::parse(&text).unwrap();
    let find = |name: &str| {
        let found = document.descendants().find(|node| node.has_tag_name(name));
        found.unwrap_or_else(|| panic!("no <{name}>"))
    };
    assert_eq!(find("id").text(), Some(APPLICATION));
    let version = find("release").attribute("version");
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
    let desktop = asset(&format!("{APPLICATION}.desktop"));
    assert!(desktop.contains(&format!("\nIcon={APPLICATION}\n")));
    assert!(desktop.contains(&format!("\nStartupWMClass={APPLICATION}\n")));
}

/// All but the first are the golden pictures, which a test holds to the window as it is.
#[test]
fn every_screenshot_is_a_picture_of_this_tree() {
    let text = asset(&format!("{APPLICATION}.metainfo.xml"));
    let document = Document::parse(&text).unwrap();
    let base = format!(
        "https://raw.githubusercontent.com/evenkeel/evenkeel/v{}/",
        env!("CARGO_PKG_VERSION")
    );
    let all = document.descendants();
    let shots: Vec<Node> = all.filter(|node| node.has_tag_name("screenshot")).collect();
    assert!(shots.len() > 1);
    for shot in shots {
        for image in shot.children().filter(|node| node.has_tag_name("image")) {
            let path = image.text().unwrap().strip_prefix(&base).unwrap();
            let bytes = fs::read(source_tree().join(path)).unwrap();
            let size = ["width", "height"].map(|name| image.attribute(name).unwrap());
            assert_eq!(
                size,
                png_size(&bytes).map(|side| side.to_string()),
                "{path}"
            );
        }
    }
}

#[test]
fn the_icon_is_there_in_every_form() {
    for size in [128, 256] {
        let path = source_tree().join(format!("assets/icons/{size}.png"));
        assert_eq!(png_size(&fs::read(path).unwrap()), [size, size]);
    }
    let symbolic = asset(&format!("{APPLICATION}-symbolic.svg"));
    let document = Document::parse(&symbolic).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("viewBox"), Some("0 0 16 16"));
    let colours: BTreeSet<&str> = document
        .descendants()
        .flat_map(|node| [node.attribute("fill"), node.attribute("stroke")])
        .flatten()
        .filter(|colour| *colour != "none")
        .collect();
    // The one that desktops replace by their own.
    assert_eq!(colours, ["#2e3436"].into());
    Document::parse(&asset(&format!("{APPLICATION}.svg"))).unwrap();
}

/// Width and height, from where every PNG has them.
fn png_size(bytes: &[u8]) -> [u32; 2] {
    assert_eq!(&bytes[1..4], b"PNG");
    [16, 20].map(|at| {
        bytes[at..at + 4]
            .iter()
            .fold(0, |side, byte| side << 8 | u32::from(*byte))
    })
}
