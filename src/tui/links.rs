//! The web addresses on the screen, so that a terminal that knows OSC 8 can open them. What can be opened is always what can
//! be read: an address that lost its middle or goes on in the next line is not a link.

use ratatui::buffer::{Buffer, Cell};

/// Neon's own pages, which are written without the scheme where there is little room.
const CONSOLE: &str = "console.neon.tech/";

/// An address on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its first column, from 0.
    pub column: u16,
    /// Its row, from 0.
    pub row: u16,
    /// The address.
    pub address: String,
    /// The cells as they were drawn. When they are drawn again, they are no longer linked.
    pub cells: Vec<Cell>,
}

/// Whether a character may be in an address without being written as `%..` (RFC 3986). `~` is our sign for what was left out.
fn in_address(char: char) -> bool {
    char.is_ascii_alphanumeric() || "-._:/?#[]@!$&'()*+,;=%".contains(char)
}

/// The addresses of a drawn screen.
pub(crate) fn find(buffer: &Buffer) -> Vec<Link> {
    let area = buffer.area;
    (area.top()..area.bottom())
        .flat_map(|row| in_row(buffer, row))
        .collect()
}

fn in_row(buffer: &Buffer, row: u16) -> Vec<Link> {
    let area = buffer.area;
    let symbols: Vec<&str> = (area.left()..area.right())
        .filter_map(|column| buffer.cell((column, row)))
        .map(Cell::symbol)
        .collect();
    let mut links = Vec::new();
    let mut at = 0;
    while at < symbols.len() {
        let rest = symbols.get(at..).unwrap_or_default();
        let scheme = if starts(rest, CONSOLE) {
            "https://"
        } else {
            ""
        };
        if scheme.is_empty() && !starts(rest, "https://") && !starts(rest, "http://") {
            at += 1;
            continue;
        }
        let mut length = rest
            .iter()
            .take_while(|symbol| symbol.chars().all(in_address))
            .count();
        let after = rest.get(length).copied().unwrap_or("…");
        // what ends a sentence does not end an address
        while length > 0
            && rest
                .get(length - 1)
                .is_some_and(|symbol| ".,:;!?')".contains(symbol))
        {
            length -= 1;
        }
        let address: String = std::iter::once(scheme)
            .chain(rest.iter().take(length).copied())
            .collect();
        let next = at + length.max(1);
        // at the right end of its area it may go on in the next line
        let names = address
            .split_once("://")
            .is_some_and(|(_, host)| !host.is_empty());
        let whole = names && !matches!(after, "…" | "~") && !ends_line(rest, length);
        if whole && let (Ok(column), Ok(end)) = (u16::try_from(at), u16::try_from(at + length)) {
            let cells = (column..end)
                .filter_map(|column| buffer.cell((area.left() + column, row)).cloned())
                .collect();
            links.push(Link {
                column: area.left() + column,
                row,
                address,
                cells,
            });
        }
        at = next;
    }
    links
}

fn starts(symbols: &[&str], word: &str) -> bool {
    symbols.len() > word.len()
        && word
            .chars()
            .zip(symbols)
            .all(|(char, symbol)| symbol.chars().eq([char]))
}

/// Whether at most one column is free behind an address: then a longer one would have been broken exactly there.
fn ends_line(rest: &[&str], length: usize) -> bool {
    rest.len() <= length + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(lines: &[&str]) -> Vec<(u16, u16, String)> {
        find(&Buffer::with_lines(lines.iter().copied()))
            .into_iter()
            .map(|link| (link.column, link.row, link.address))
            .collect()
    }

    #[test]
    fn addresses_are_found_without_the_end_of_the_sentence() {
        let found = addresses(&[
            "│ see https://neon.tech/docs?a=1#b, or (http://localhost:8000/health).   ",
            "  plain text, https:// alone, and httpsx://no                            ",
        ]);
        assert_eq!(
            found,
            [
                (6, 0, "https://neon.tech/docs?a=1#b".to_owned()),
                (40, 0, "http://localhost:8000/health".to_owned()),
            ]
        );
    }

    #[test]
    fn pages_of_neon_need_no_scheme() {
        assert_eq!(
            addresses(&["Get one  console.neon.tech/app/settings  at console.neon.tech.  "]),
            [(9, 0, "https://console.neon.tech/app/settings".to_owned())]
        );
    }

    #[test]
    fn shortened_addresses_are_not_links() {
        assert!(addresses(&["https://console.neon.te…/api-keys   "]).is_empty());
        assert!(addresses(&["https://console.neon.te~/api-keys   "]).is_empty());
        assert!(addresses(&["goes on https://neon.tech/do ", "cs/guide"]).is_empty());
    }
}
