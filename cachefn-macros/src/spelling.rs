//! Finds the argument that somebody meant.

use crate::args::Known;

/// The known argument that `typed` is another name or a misspelling of.
pub(crate) fn meant(typed: &str, known: &'static [Known]) -> Option<&'static Known> {
    let typed = typed.to_lowercase();
    let alias = known.iter().find(|known| known.name == typed || known.also.contains(&typed.as_str()));
    alias.or_else(|| {
        let near = known.iter().map(|known| (distance(&typed, known.name), known));
        near.filter(|(distance, known)| *distance <= known.name.len() / 3)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, known)| known)
    })
}

/// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, meant};
    use crate::args::{HABITS, KNOWN};

    #[test]
    fn a_swap_is_one_mistake() {
        assert_eq!(distance("epxire", "expire"), 1);
        assert_eq!(distance("", "key"), 3);
        assert_eq!(distance("kye", "key"), 1);
    }

    #[test]
    fn no_other_name_leads_to_two_arguments() {
        let habits = HABITS.iter().flat_map(|(names, _)| names.iter());
        let known = KNOWN.iter().flat_map(|known| known.also.iter().chain([&known.name]));
        let all: Vec<_> = known.chain(habits).collect();
        for (at, name) in all.iter().enumerate() {
            assert!(!all[..at].contains(name), "{name}");
        }
    }

    #[test]
    fn other_names_and_misspellings_lead_to_the_argument() {
        let name = |typed| meant(typed, KNOWN).map(|known| known.name);
        for typed in ["ttl", "expires", "expre", "Expire", "exipre"] {
            assert_eq!(name(typed), Some("expire"), "{typed}");
        }
        assert_eq!(name("namspace"), Some("namespace"));
        assert_eq!(name("companion"), Some("companions"));
        assert_eq!(name("colour"), None);
    }
}
