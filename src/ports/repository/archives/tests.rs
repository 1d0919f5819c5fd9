use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use libdeflater::{CompressionLvl, Compressor};

use super::*;
use crate::testing::requirements::{has, skip};

const TEXT: &[u8] = b"DATABASE_URL=something that is searched for";

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.gzip_compress_bound(content.len())];
    let length = compressor.gzip_compress(content, &mut packed).unwrap();
    packed.truncate(length);
    packed
}

fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    builder.append_data(&mut header, name, content).unwrap();
    builder.into_inner().unwrap()
}

fn members(bytes: &[u8]) -> (Vec<(String, Vec<u8>)>, Vec<UnreadPart>) {
    let mut all = Vec::new();
    let unread = each(bytes, &mut |name, content| {
        all.push((name.to_owned(), content.to_vec()));
    });
    (all, unread)
}

/// Packs with a program of the system; `None` where it is missing.
fn packed_by(program: &str, arguments: &[&str], content: &[u8]) -> Option<Vec<u8>> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    child.stdin.take()?.write_all(content).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then_some(output.stdout)
}

#[test]
fn gzip_in_gzip_and_gzip_behind_gzip_are_opened() {
    let mut file = gzip(&gzip(b"inner"));
    file.extend(gzip(&b"second ".repeat(1000)));
    let (members, unread) = members(&file);
    assert_eq!(unread, []);
    // the outer file stores the inner one as it is, so that one is seen twice
    let has = |wanted: &[u8]| members.iter().any(|(_, content)| content == wanted);
    assert!(has(b"inner"));
    assert!(has(&b"second ".repeat(1000)));
}

#[test]
fn every_form_of_python_is_opened() {
    if !has("python3") {
        return skip("no python3 to pack with");
    }
    for (what, program) in [
        ("bzip2", "import bz2 as m"),
        ("xz", "import lzma as m"),
        (
            "lzma",
            "import lzma as m; c = m.compress; m.compress = lambda b: c(b, m.FORMAT_ALONE)",
        ),
    ] {
        let program = format!(
            "{program}; import sys; sys.stdout.buffer.write(m.compress(sys.stdin.buffer.read()))"
        );
        let packed = packed_by("python3", &["-c", &program], TEXT).unwrap();
        let (found, unread) = members(&packed);
        assert_eq!((found.len(), unread.len()), (1, 0), "{what}: {unread:?}");
        assert_eq!(found[0].1, TEXT, "{what}");
        // twice, one behind the other, in a tar in a gzip file
        let doubled = gzip(&tar("a/b", &packed.repeat(2)));
        let (found, unread) = members(&doubled);
        assert!(
            found
                .iter()
                .any(|(name, text)| name == "a/b" && text.starts_with(TEXT)),
            "{what}"
        );
        let names: Vec<_> = unread.iter().map(|part| part.member.as_str()).collect();
        assert!(names.is_empty() || what == "lzma", "{what}: {unread:?}");
        for cut in 0..packed.len() {
            let (found, unread) = members(&packed[..cut]);
            let whole = found.iter().any(|(_, content)| content == TEXT);
            let seen = whole || !unread.is_empty() || !is_archive(&packed[..cut]);
            assert!(
                seen,
                "{what} cut to {cut} of {} bytes is silent",
                packed.len()
            );
        }
    }
}

#[test]
fn every_method_of_zip_is_opened_with_whatever_in_front() {
    if !has("python3") {
        return skip("no python3 to pack with");
    }
    let program = "\
import io, sys, zipfile
for method in zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA:
    for front in b'', b'#!/usr/bin/env python3\\n', b'MZ\\0\\0' * 100:
        for comment in b'', b'a comment':
            out = io.BytesIO(); out.write(front)
            with zipfile.ZipFile(out, 'a', method) as z:
                z.comment = comment; z.writestr('a.txt', sys.argv[1]); z.writestr('b/c.txt', sys.argv[1])
            moved = front + out.getvalue()[len(front):]
            sys.stdout.buffer.write(len(moved).to_bytes(4, 'little') + moved)
";
    let text = std::str::from_utf8(TEXT).unwrap();
    let all = packed_by("python3", &["-c", program, text], b"").unwrap();
    let mut rest = all.as_slice();
    let mut count = 0;
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let (zip, tail) = tail.split_at(u32::from_le_bytes(*length) as usize);
        rest = tail;
        count += 1;
        assert!(is_archive(zip), "{count}");
        let (found, unread) = members(zip);
        assert_eq!(unread, [], "{count}");
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.txt", "b/c.txt"], "{count}");
        assert!(found.iter().all(|(_, content)| content == TEXT), "{count}");
        // its own numbers do not count what was put in front of it
        let shifted = [b"#!/bin/sh\nexit\n".as_slice(), zip].concat();
        assert_eq!(members(&shifted).0.len(), 2, "{count}");
        let followed = [shifted.as_slice(), b"\n"].concat();
        assert_eq!(members(&followed).0.len(), 2, "{count}");
    }
    assert_eq!(count, 24);
}

#[test]
fn zstd_is_opened_frame_by_frame() {
    let frame = |text: &[u8]| {
        use ruzstd::encoding::{CompressionLevel, compress_to_vec};
        compress_to_vec(text, CompressionLevel::Fastest)
    };
    let mut file = frame(TEXT);
    file.extend([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
    file.extend(frame(b" and more"));
    let (found, unread) = members(&file);
    assert_eq!(unread, []);
    assert_eq!(found[0].1, [TEXT, b" and more"].concat());
    assert_eq!(members(&file[..file.len() - 3]).1.len(), 1);
}

#[test]
fn what_cannot_be_opened_is_told() {
    let cut = format!("!<arch>\n{:<48}{:<10}`\n", "name/", 9999);
    for (bytes, why) in [
        ([0x1f, 0x8b, 8, 1, 2, 3].as_slice(), DAMAGED),
        (b"PK\x03\x04 and no directory", DAMAGED),
        (
            b"7z\xbc\xaf\x27\x1c\0\x04",
            "it is a 7z archive, which neonup can't read",
        ),
        (
            b"# v2 git bundle\n",
            "it is a git bundle, which neonup can't read",
        ),
        (cut.as_bytes(), DAMAGED),
    ] {
        let (found, unread) = members(bytes);
        assert_eq!(found, [], "{why}");
        assert_eq!(unread.first().map(|part| part.why.as_str()), Some(why));
    }
    let mut deep = b"deep".to_vec();
    for _ in 0..=DEPTH {
        deep = gzip(&deep);
    }
    assert_eq!(members(&deep).1[0].why, TOO_DEEP);
    let bomb = gzip(&vec![0; MEMBER_LIMIT + 1]);
    assert_eq!(members(&bomb).1[0].why, TOO_LARGE);
}

#[test]
fn what_is_packed_in_a_plain_archive_is_opened() {
    let file = tar("layer/app.tar.gz", &gzip(&tar("settings.env", TEXT)));
    let (found, unread) = members(&file);
    assert_eq!(unread, []);
    assert_eq!(found[0].0, "layer/app.tar.gz");
    assert!(memchr::memmem::find(&found[0].1, TEXT).is_some());
    let packed = gzip(TEXT);
    let head = format!("{:<16}{:<32}{:<10}`\n", "data.tar.gz/", "0", packed.len());
    let file = [b"!<arch>\n", head.as_bytes(), &packed].concat();
    assert_eq!(
        members(&file).0,
        [("data.tar.gz".to_owned(), TEXT.to_vec())]
    );
}

proptest::proptest! {
    #[test]
    fn broken_archives_do_no_harm(
        head in proptest::sample::select(vec![
            b"PK\x03\x04".as_slice(), b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"BZh91AY&SY", b"LZIP\x01",
            b"]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", b"(\xb5/\xfd", b"!<arch>\n",
        ]),
        tail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
    ) {
        let mut file = head.to_vec();
        file.extend(&tail);
        file.extend(b"PK\x01\x02");
        file.extend(&tail);
        members(&file);
    }
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; compressor.zlib_compress_bound(content.len())];
    let length = compressor.zlib_compress(content, &mut packed).unwrap();
    packed.truncate(length);
    packed
}

#[test]
fn what_a_script_unpacks_is_opened() {
    for (program, arguments) in [
        ("gzip", ["-c"].as_slice()),
        ("bzip2", &["-c"]),
        ("xz", &["-c"]),
        ("zstd", &["-qc"]),
    ] {
        let Some(packed) = packed_by(program, arguments, &tar("a.env", TEXT)) else {
            skip(program);
            continue;
        };
        let file = [b"#!/bin/sh\ntail -n +3 \"$0\" | tar x\nexit\n", &*packed].concat();
        let (members, unread) = members(&file);
        assert_eq!(unread, [], "{program}");
        let found =
            |(_, content): &(String, Vec<u8>)| memchr::memmem::find(content, TEXT).is_some();
        assert!(members.iter().any(found), "{program}");
    }
    // one that is cut off is told
    let file = [b"#!/bin/sh\n".as_slice(), &gzip(TEXT)[..30]].concat();
    assert_eq!(members(&file).1.len(), 1);
}

#[test]
fn zlib_is_opened_by_itself_and_in_a_pdf() {
    assert_eq!(
        members(&zlib(TEXT)),
        (vec![(String::new(), TEXT.to_vec())], vec![])
    );
    assert_eq!(members(&zlib(TEXT)[..20]).1.len(), 1);
    // a text that only looks like it
    assert_eq!(members(b"x^2 + y^2 = r^2"), (vec![], vec![]));
    let stream = zlib(TEXT);
    let pdf = [
        b"%PDF-1.7\n4 0 obj\n<< /Filter /FlateDecode >>\nstream\nx\x9c by chance".as_slice(),
        &stream,
        b"\nendstream\n",
    ]
    .concat();
    assert_eq!(
        members(&pdf),
        (vec![(String::new(), TEXT.to_vec())], vec![])
    );
}

#[test]
fn streams_behind_the_first_one_are_opened_and_too_many_are_told() {
    let two = [zlib(b"nothing"), zlib(TEXT)].concat();
    let found = members(&two).0;
    assert!(found.contains(&(String::new(), TEXT.to_vec())), "{found:?}");
    let pdf =
        |chance: usize| [b"%PDF-1.7\n".to_vec(), b"x\x9c ".repeat(chance), zlib(TEXT)].concat();
    assert_eq!(members(&pdf(10)).0.len(), 1);
    let (found, unread) = members(&pdf(20_001));
    assert_eq!((found.len(), unread.len()), (0, 1), "{unread:?}");
    // each claims to be one long stored block, and none is whole: attempts have a limit, too
    let block = [b"x\x01\x00\xff\xff\x00\x00".as_slice(), &vec![b'a'; 0xffff]].concat();
    let bomb = [
        b"%PDF-1.7\n".to_vec(),
        b"x\x01\x00\x00\x00\xff\xff".repeat(3_000),
        block.repeat(400),
    ]
    .concat();
    assert!(members(&bomb).0.is_empty());
}

#[test]
fn a_gzip_file_of_many_blocks_is_opened_whole() {
    let block = gzip(&[b'b'; 2_000].repeat(30));
    let file = [block.repeat(3_000), gzip(TEXT)].concat();
    let (found, unread) = members(&file);
    assert_eq!((found.len(), unread.len()), (3_001, 0), "{unread:?}");
}

#[test]
fn a_dump_whose_blocks_lead_nowhere_costs_no_more_than_its_length() {
    let chain = b"\0\x02\0\0\0x\x9c".repeat(400_000);
    let dump = [b"PGDMP\x01\x0f\x00\x04\x08\x01\x01".to_vec(), chain].concat();
    let (found, unread) = members(&dump);
    assert_eq!((found.len(), unread.len()), (0, 1), "{unread:?}");
}

#[test]
fn the_tables_of_a_dump_are_opened() {
    let rows = [b"1\t".as_slice(), TEXT, b"\n\\.\n"].concat();
    let block = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        [&[0], length.as_slice(), bytes].concat()
    };
    let head = b"PGDMP\x01\x0f\x00\x04\x08\x01\x01 the directory";
    for packed in [
        zlib(&rows),
        ruzstd::encoding::compress_to_vec(
            rows.as_slice(),
            ruzstd::encoding::CompressionLevel::Fastest,
        ),
    ] {
        // the rows go over two blocks
        let (left, right) = packed.split_at(9);
        let dump = [head, &*block(left), &block(right), &block(b"")].concat();
        assert_eq!(
            members(&dump),
            (vec![(String::new(), rows.clone())], vec![])
        );
        assert_eq!(members(&dump[..dump.len() - 14]).1.len(), 1);
    }
    let lz4 = members(b"PGDMP\x01\x0f\x00\x04\x08\x01\x02 the directory").1;
    assert_eq!(lz4.len(), 1);
}
