//! The words of a picture, without what differs from run to run: times, ids, ports, the temporary folder, and where lines break.

use std::collections::BTreeMap;

/// The words of each frame, those of the steps' column apart from the others.
pub fn of(svg: &str) -> Vec<String> {
    let mut frames = Vec::new();
    for frame in svg.split("<g class=\"f\"").skip(1) {
        // by row, since a row is drawn in several pieces; left of the rule between the columns, and right of it
        let mut rows: BTreeMap<u32, [Vec<String>; 2]> = BTreeMap::new();
        for line in frame.lines().filter(|line| line.starts_with("<text ")) {
            let number = |name: &str| -> f32 {
                let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
                rest.split_once('"').unwrap().0.parse().unwrap()
            };
            let (_, rest) = line.split_once('>').unwrap();
            let text = rest.trim_end_matches("</text>").replace("&lt;", "<");
            let side = usize::from(number("x") > 175.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a row's place is some hundred"
            )]
            let row = number("y") as u32;
            rows.entry(row).or_default()[side].push(text);
        }
        for side in [0, 1] {
            let rows = rows.values().map(|row| whole(&row[side].join(" ")));
            frames.push(plain(&rows.collect::<Vec<_>>().join(" ")));
        }
    }
    frames
}

/// Keeps the sign and the name of a row whose sentence is cut at its end: the place of the cut depends on the length of an id
/// or a time.
fn whole(row: &str) -> String {
    let words: Vec<_> = row.split_whitespace().collect();
    let Some(cut) = words
        .iter()
        .position(|word| *word != "…" && word.ends_with('…'))
    else {
        return row.to_owned();
    };
    let kept = words.iter().take(cut.min(2));
    let rest = words.iter().skip(cut);
    kept.chain(rest).copied().collect::<Vec<_>>().join(" ")
}

/// Blocks of which bars and sparklines are made, and rules.
fn drawn(char: char) -> bool {
    ('\u{2500}'..='\u{259f}').contains(&char)
}

fn plain(text: &str) -> String {
    let mut words = Vec::new();
    let mut skip = 0;
    for word in text.split_whitespace() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        if ["↓", "↑"].contains(&word) {
            // `↓ 3 more`
            skip = 2;
            continue;
        }
        let word = word.trim_matches(drawn).trim_matches([',', ';', '.']);
        if word.is_empty() {
            continue;
        }
        words.push(if word.contains("://") {
            "URL".to_owned()
        } else if word.contains('…') || is_id(word) || word.contains("neonup-demo-") {
            "ID".to_owned()
        } else if ["ms", "s"].contains(&word) {
            "time".to_owned()
        } else {
            numbers(word)
        });
    }
    // a slow machine's login takes as long as one that wakes a compute up
    if words.iter().any(|word| word == "asleep") {
        for word in "the compute was asleep and woke up".split(' ') {
            if let Some(at) = words.iter().position(|other| other == word) {
                words.remove(at);
            }
        }
    }
    // a line that breaks elsewhere puts the time at its end between other words
    words.sort_unstable();
    words.join(" ")
}

/// `ep-cool-name-12345678`, `(plain-dream-49486972)`: words of Neon's kind, then a long number.
fn is_id(word: &str) -> bool {
    let bare = word.trim_matches(['(', ')']);
    bare.rsplit_once('-').is_some_and(|(name, number)| {
        name.contains('-') && number.len() >= 8 && number.chars().all(|char| char.is_ascii_digit())
    })
}

/// Each number becomes 0, however long.
fn numbers(word: &str) -> String {
    let mut out = String::new();
    let mut within = false;
    for char in word.trim_start_matches('<').chars() {
        if char.is_ascii_digit() || (within && char == '.') {
            if !within {
                out.push('0');
            }
            within = true;
        } else {
            within = false;
            out.push(char);
        }
    }
    out
}

#[test]
fn ids_times_and_ports_are_left_out_of_the_comparison() {
    let row = |text: &str| {
        of(&format!(
            "<g class=\"f\" id=\"f0\">\n<text x=\"200.0\" y=\"20\">{text}</text>\n</g>"
        ))
    };
    assert_eq!(
        row("✓ TCP 127.0.0.1:4321 █▎ 12 ms"),
        row("✓ TCP 127.0.0.1:54321 ▏ &lt;1 ms")
    );
    assert_eq!(
        row("aido-todo (plain-dream-49486972), branch 1.6 s main"),
        row("aido-todo (raspy-bird-49486973), 41 ms branch main"),
    );
    assert_eq!(
        row("✓ Project aido-todo… 302 ms"),
        row("✓ Project aido-todo (silver-fog-12345678)… 1.2 s"),
    );
    assert_ne!(row("✓ Project a… 3 ms"), row("✗ Project a… 3 ms"));
    assert_ne!(row("Create another …"), row("Create a second …"));
    assert_ne!(row("✓ TCP"), row("✗ TCP"));
    assert_ne!(row("2 added"), row("2 changed"));
}
