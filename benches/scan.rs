//! What it costs to look at every object of a repository: the limit, this check, and what else there is.
//!
//! ```text
//! cargo bench --bench scan                         a repository of 50,000 commits, generated once under target/
//! NEONUP_BENCH_REPO=path cargo bench --bench scan  one of yours
//! ```
//!
//! Every row is a process of its own; its CPU seconds are the column to trust, since they do not depend on who else is busy.
//! Memory is the largest that was seen, without and with the mapped packs.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::exit,
    clippy::panic,
    clippy::string_slice,
    unreachable_pub,
    dead_code,
    reason = "a program for developers; it shares the other benchmarks' support"
)]

mod support;

use std::{
    env, fs,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio, exit},
    thread,
    time::{Duration, Instant},
};

use libdeflater::Decompressor;
use neonup::testing::bench::search_history;
use support::children_cpu;

/// Occurs nowhere in the repository: the worst case, since nobody may stop early.
const NEEDLE: &str = "npg_Zq7Wk2Lx9VbT";
/// Occurs in one file of the generated repository. Who doesn't know it takes it for a word.
const LEAKED_ONCE: &str = "Hd3Rt8Mw5KcYq2Vd";
/// Occurs in this many files of the generated repository, each of another commit.
const LEAKED_OFTEN: &str = "Pf6Jn1Gs4XzBm7Lr";
const LEAKS: usize = 100;
/// How many commits the generated repository has.
const COMMITS: usize = 50_000;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("limit") => limit(Path::new(&arguments[2])),
        Some("check") => check(
            Path::new(&arguments[2]),
            arguments.get(3).map(String::as_str),
        ),
        _ => table(),
    }
}

fn table() {
    let repository = env::var_os("NEONUP_BENCH_REPO").map_or_else(generated, PathBuf::from);
    let path = repository.to_str().unwrap();
    let count = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(&repository)
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    println!("commits  {}", count(&["rev-list", "--all", "--count"]));
    for line in count(&["count-objects", "-v"])
        .lines()
        .filter(|line| line.contains("pack") || line.starts_with("count"))
    {
        println!("{line}");
    }
    println!();
    println!("| what | CPU s | wall s | memory MB | with mapped packs MB |");
    println!("|---|---|---|---|---|");
    let me = env::current_exe().unwrap();
    let me = me.to_str().unwrap();
    let limit = measure(
        "inflate every object once (the limit)",
        &[me, "limit", path],
    );
    let own = measure("neonup's check of the history", &[me, "check", path]);
    measure("the same, for three secrets", &[me, "check", path, "three"]);
    let leaks = env::var_os("NEONUP_BENCH_REPO").is_none().then(|| {
        let name = format!("the same, with {LEAKS} leaks");
        let once = measure("the same, with one leak", &[me, "check", path, "once"]);
        (once, measure(&name, &[me, "check", path, "often"]))
    });
    fs::remove_dir_all(repository.with_extension("cache")).ok();
    measure(
        "the same, remembering the packs",
        &[me, "check", path, "cached"],
    );
    measure("the second run after that", &[me, "check", path, "cached"]);
    let others = others(path);
    for (name, command) in &others {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        measure(name, &command);
    }
    let missing: Vec<_> = ["gitleaks", "betterleaks", "kingfisher"]
        .into_iter()
        .filter(|program| !installed(program))
        .collect();
    if !missing.is_empty() {
        println!();
        println!("not installed here: {}", missing.join(", "));
    }
    println!();
    println!("the check takes {:.2} times the limit's CPU", own / limit);
    if let Some((once, often)) = leaks {
        println!(
            "one leak makes it {:.2} times as much, {LEAKS} leaks {:.2} times",
            once / own,
            often / own
        );
    }
}

/// What else looks through a history, each with its command: git itself, and the scanners that are installed.
fn others(path: &str) -> Vec<(&'static str, Vec<String>)> {
    let git = |rest: &str| format!("git -C '{path}' {rest}");
    let shell = |command: String| vec!["sh".to_owned(), "-c".to_owned(), command];
    let mut others = vec![
        (
            "git log --all -S",
            shell(git(&format!("log --all --oneline -S {NEEDLE}"))),
        ),
        (
            "git cat-file --batch-all-objects --unordered | grep",
            shell(git(&format!(
                "cat-file --batch-all-objects --unordered --batch | grep -c -F {NEEDLE}"
            ))),
        ),
        (
            "git cat-file --batch-all-objects | grep",
            shell(git(&format!(
                "cat-file --batch-all-objects --batch | grep -c -F {NEEDLE}"
            ))),
        ),
    ];
    if installed("gitleaks") {
        others.push((
            "gitleaks git",
            shell(format!(
                "gitleaks git --no-banner --log-level error '{path}'"
            )),
        ));
    }
    if installed("betterleaks") {
        others.push((
            "betterleaks git",
            shell(format!(
                "betterleaks git --no-banner --log-level error '{path}'"
            )),
        ));
    }
    if installed("kingfisher") {
        others.push((
            "kingfisher scan",
            shell(format!("kingfisher scan --no-validate '{path}'")),
        ));
    }
    others
}

fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Runs a program, prints its row, and gives its CPU seconds.
fn measure(name: &str, command: &[&str]) -> f64 {
    let before = children_cpu();
    let started = Instant::now();
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut anonymous, mut all) = (0, 0);
    while child.try_wait().unwrap().is_none() {
        if let Ok(text) = fs::read_to_string(&status) {
            let field = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim().trim_end_matches(" kB").parse::<u64>().ok()
            };
            anonymous = anonymous.max(field("RssAnon:").unwrap_or(0));
            all = all.max(field("VmRSS:").unwrap_or(0));
        }
        thread::sleep(Duration::from_millis(5));
    }
    let wall = started.elapsed().as_secs_f64();
    let cpu = children_cpu().saturating_sub(before).as_secs_f64();
    println!(
        "| {name} | {cpu:.2} | {wall:.2} | {} | {} |",
        anonymous / 1024,
        all / 1024
    );
    cpu
}

fn check(repository: &Path, secrets: Option<&str>) {
    let needle = match secrets {
        Some("once") => LEAKED_ONCE,
        Some("often") => LEAKED_OFTEN,
        _ => NEEDLE,
    };
    let mut live = vec![("password".to_owned(), needle.to_owned())];
    if secrets == Some("three") {
        live.push(("key".to_owned(), format!("napi_{}", "q9W8e7R6".repeat(8))));
        live.push((
            "token".to_owned(),
            "0f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned(),
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let cache = (secrets == Some("cached")).then(|| repository.with_extension("cache"));
    let search = runtime
        .block_on(search_history(repository, &live, cache))
        .unwrap();
    println!(
        "{} objects, {} leaks, {}",
        search.objects, search.leaks, search.incomplete
    );
}

/// Inflates every entry of every pack, and nothing else: every scanner has to do at least this.
fn limit(repository: &Path) {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let common = git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    let mut total = 0;
    for entry in fs::read_dir(Path::new(common.trim()).join("objects/pack")).unwrap() {
        let index = entry.unwrap().path();
        if index.extension().is_none_or(|end| end != "idx") {
            continue;
        }
        let listing = Command::new("git")
            .arg("show-index")
            .stdin(fs::File::open(&index).unwrap())
            .output()
            .unwrap();
        let listing = String::from_utf8(listing.stdout).unwrap();
        let mut offsets: Vec<usize> = listing
            .lines()
            .map(|line| line.split(' ').next().unwrap().parse().unwrap())
            .collect();
        offsets.sort_unstable();
        let pack = fs::read(index.with_extension("pack")).unwrap();
        offsets.push(pack.len() - 20);
        let half = offsets.len() / 2;
        thread::scope(|scope| {
            let halves = [
                scope.spawn(|| inflate(&pack, &offsets[..=half])),
                scope.spawn(|| inflate(&pack, &offsets[half..])),
            ];
            total += halves
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum::<usize>();
        });
    }
    println!("{total} bytes");
}

fn inflate(pack: &[u8], offsets: &[usize]) -> usize {
    let mut decompressor = Decompressor::new();
    let mut buffer = Vec::new();
    let mut total = 0;
    for pair in offsets.windows(2) {
        let mut at = pair[0];
        let kind = (pack[at] >> 4) & 7;
        let (mut size, mut shift) = (usize::from(pack[at] & 15), 4);
        while pack[at] & 0x80 != 0 {
            at += 1;
            size |= usize::from(pack[at] & 0x7f) << shift;
            shift += 7;
        }
        at += 1;
        if kind == 7 {
            at += 20;
        } else if kind == 6 {
            while pack[at] & 0x80 != 0 {
                at += 1;
            }
            at += 1;
        }
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        total += decompressor
            .zlib_decompress(&pack[at..pair[1]], &mut buffer[..size])
            .unwrap();
    }
    total
}

/// Generates a repository of 50,000 commits with some leaks, once.
fn generated() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-repository-3");
    if path.join("done").exists() {
        return path;
    }
    println!(
        "making a repository of 50,000 commits in {}: some minutes, once",
        path.display()
    );
    fs::remove_dir_all(&path).ok();
    let run = |arguments: &[&str]| {
        if !Command::new("git")
            .args(arguments)
            .status()
            .unwrap()
            .success()
        {
            exit(1);
        }
    };
    let directory = path.to_str().unwrap();
    run(&["init", "-q", "--bare", "-b", "main", directory]);
    let mut import = Command::new("git")
        .args(["-C", directory, "fast-import", "--quiet", "--depth=50"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    write_history(BufWriter::new(import.stdin.take().unwrap()));
    if !import.wait().unwrap().success() {
        exit(1);
    }
    run(&[
        "-C",
        directory,
        "repack",
        "-adfq",
        "--depth=50",
        "--window=10",
    ]);
    // a work tree, so that it is a repository like any other
    let tree = path.with_extension("tree");
    fs::remove_dir_all(&tree).ok();
    fs::create_dir_all(&tree).unwrap();
    run(&["-C", directory, "config", "core.bare", "false"]);
    run(&[
        "-C",
        directory,
        "config",
        "core.worktree",
        tree.to_str().unwrap(),
    ]);
    fs::write(path.join("done"), "").unwrap();
    path
}

/// 4,000 source files of a few kilobytes in 250 directories, three of them changed by each commit; now and then one that leaks.
fn write_history(mut out: BufWriter<std::process::ChildStdin>) {
    const WORDS: [&str; 24] = [
        "fn",
        "let",
        "return",
        "match",
        "struct",
        "config",
        "session",
        "database",
        "url",
        "postgres",
        "engine",
        "user",
        "task",
        "error",
        "result",
        "connection",
        "pool",
        "timeout",
        "retry",
        "query",
        "insert",
        "select",
        "update",
        "value",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 11).unwrap() % below
    };
    let mut line = move || {
        let mut text = "    ".repeat(random(3));
        for _ in 0..3 + random(8) {
            text.push_str(WORDS[random(WORDS.len())]);
            text.push(if random(5) == 0 { '_' } else { ' ' });
        }
        (text + &format!("{:x};\n", random(1 << 24)), random(1 << 40))
    };
    let mut files: Vec<Vec<String>> = (0..4000)
        .map(|_| (0..60 + line().1 % 120).map(|_| line().0).collect())
        .collect();
    for commit in 0..COMMITS {
        let changed: Vec<usize> = if commit == 0 {
            (0..files.len()).collect()
        } else {
            (0..3).map(|_| line().1 % files.len()).collect()
        };
        let message = format!("change {commit}: {}", line().0.trim());
        write!(
            out,
            "commit refs/heads/main\ncommitter Ada <ada@example.com> {} +0000\ndata {}\n{message}\n",
            1_600_000_000 + commit * 600,
            message.len()
        )
        .unwrap();
        for index in changed {
            let lines = &mut files[index];
            for _ in 0..=line().1 % 4 {
                let at = line().1 % lines.len();
                match line().1 % 3 {
                    0 if lines.len() > 40 => {
                        lines.remove(at);
                    }
                    1 => lines.insert(at, line().0),
                    _ => lines[at] = line().0,
                }
            }
            let content = lines.concat();
            write!(
                out,
                "M 100644 inline src/module{:02}/part{}/file{index}.rs\ndata {}\n{content}\n",
                index % 25,
                index % 10,
                content.len()
            )
            .unwrap();
        }
        let (number, step) = (commit / (COMMITS / LEAKS), commit % (COMMITS / LEAKS));
        if step == 1 {
            write_leak(&mut out, number, LEAKED_OFTEN);
        }
        if step == 1 && number == LEAKS / 2 {
            write_leak(&mut out, LEAKS, LEAKED_ONCE);
        }
        if step == 2 {
            // what is still there would be found in the newest commit, without a walk
            writeln!(out, "D deploy").unwrap();
        }
    }
    out.flush().unwrap();
}

/// A file of the commit that is being written.
fn write_leak(out: &mut BufWriter<std::process::ChildStdin>, number: usize, password: &str) {
    let content = format!("the value of stage {number} is {password}\n");
    write!(
        out,
        "M 100644 inline deploy/stage{number}.txt\ndata {}\n{content}\n",
        content.len()
    )
    .unwrap();
}
