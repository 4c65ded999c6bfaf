//! The two ways in which parameters are fitted to published points.

/// The parameters x that minimise the sum of squares of `rows` x - `values`, by the normal equations; `None` if they are not
/// determined. A row that is divided by its value, against a value of 1, makes the errors relative ones.
pub(crate) fn least_squares<const N: usize>(rows: &[[f64; N]], values: &[f64]) -> Option<[f64; N]> {
    // Rows^T rows x = rows^T values, solved by elimination with row exchanges.
    let mut left = [[0.0; N]; N];
    let mut right = [0.0; N];
    for (row, value) in rows.iter().zip(values) {
        for i in 0..N {
            right[i] += row[i] * value;
            for j in 0..N {
                left[i][j] += row[i] * row[j];
            }
        }
    }
    let largest = left.iter().flatten().fold(0.0_f64, |most, entry| most.max(entry.abs()));
    for column in 0..N {
        let pivot = (column..N).max_by(|&a, &b| left[a][column].abs().total_cmp(&left[b][column].abs()))?;
        left.swap(column, pivot);
        right.swap(column, pivot);
        if left[column][column].abs() <= largest * f64::EPSILON {
            return None;
        }
        let pivot_row = left[column];
        for row in (0..N).filter(|&row| row != column) {
            let factor = left[row][column] / pivot_row[column];
            for (entry, pivot) in left[row].iter_mut().zip(pivot_row) {
                *entry -= factor * pivot;
            }
            right[row] -= factor * right[column];
        }
    }
    let mut solution = [0.0; N];
    for (i, x) in solution.iter_mut().enumerate() {
        *x = right[i] / left[i][i];
    }
    Some(solution)
}

/// Where in `low..high` a convex function is least, by ternary search.
pub(crate) fn least_of_convex(function: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    // Each step leaves two thirds: a hundred leave less than a double can tell apart.
    for _ in 0..100 {
        let third = (high - low) / 3.0;
        if function(low + third) < function(high - third) { high -= third } else { low += third }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn a_line_through_points_is_found() {
        // y = 2 + 3 x exactly, then one point moved: 2 1/3 and 2 1/2 by hand for (0, 2), (1, 5), (2, 7).
        let rows = [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]];
        let [at_zero, slope] = least_squares(&rows, &[2.0, 5.0, 8.0]).unwrap();
        assert_relative_eq!(at_zero, 2.0, max_relative = 1e-12);
        assert_relative_eq!(slope, 3.0, max_relative = 1e-12);
        let [at_zero, slope] = least_squares(&rows, &[2.0, 5.0, 7.0]).unwrap();
        assert_relative_eq!(at_zero, 13.0 / 6.0, max_relative = 1e-12);
        assert_relative_eq!(slope, 2.5, max_relative = 1e-12);
    }

    #[test]
    fn what_is_not_determined_has_no_solution() {
        assert_eq!(least_squares(&[[1.0, 2.0], [2.0, 4.0]], &[1.0, 2.0]), None);
        assert_eq!(least_squares::<2>(&[], &[]), None);
    }

    #[test]
    fn the_largest_error_is_made_least() {
        // |x - 1| and |x - 4| are alike at 2.5.
        let largest = |x: f64| (x - 1.0).abs().max((x - 4.0).abs());
        assert_relative_eq!(least_of_convex(largest, 0.0, 100.0), 2.5, max_relative = 1e-9);
    }
}
