//! The exponential function, the same on every machine.

/// log2(e), rounded.
const LOG2_E: f32 = std::f32::consts::LOG2_E;

/// -ln(2) in two parts, of which the first has few enough bits that its product with an exponent is exact.
const MINUS_LN_2: [f32; 2] = [-0.693_145_75, -1.428_606_8e-6];

/// Of e^r = 1 + r + r^2 (c5 + c4 r + ... + c0 r^5), from c0, for |r| up to ln(2) / 2.
const COEFFICIENTS: [f32; 6] =
    [1.985_276_2e-4, 1.393_043_6e-3, 8.333_361e-3, 4.166_648_5e-2, 0.166_666_67, 0.5];

/// e^x within an ulp: 2^n e^r with n the nearest whole number to x log2(e). Constants and order are those of `expf` in
/// SLEEF (Shibata and Petrogalli, IEEE TPDS 2020) at 1.0 ulp, which PyTorch's softmax and SiLU call: where one
/// polynomial is as good as another, equal floats are worth having.
// Inlined, it is compiled for what the function around it may use.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Beyond these, the result is 0 or infinite whatever is computed; NaN remains.
    let x = if x < -104.0 {
        return 0.0;
    } else if x > 104.0 {
        return f32::INFINITY;
    } else {
        x
    };
    let n = (x * LOG2_E).round_ties_even();
    let r = MINUS_LN_2.iter().fold(x, |r, part| n.mul_add(*part, r));
    let polynomial = COEFFICIENTS[1..].iter().fold(COEFFICIENTS[0], |sum, c| sum.mul_add(r, *c));
    let power = 1.0 + (r * r).mul_add(polynomial, r);
    #[allow(clippy::cast_possible_truncation, reason = "at most 151")]
    let n = n as i32;
    // In two steps, as 2^n alone can be below the smallest normal number or above the largest.
    power * power_of_2(n >> 1) * power_of_2(n - (n >> 1))
}

/// 2^n, for n from -126 to 127.
#[inline(always)]
fn power_of_2(n: i32) -> f32 {
    f32::from_bits(((n + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_within_an_ulp_everywhere() {
        // Every 1009th float from -104 to 104.
        let floats = (0..=104f32.to_bits()).step_by(1009).map(f32::from_bits);
        for x in floats.flat_map(|x| [x, -x]) {
            let exact = f64::from(x).exp();
            let got = exp(x);
            if exact > f64::from(f32::MAX) {
                assert_eq!(got, f32::INFINITY, "{x}");
            } else {
                let ulp = (f64::from(got.max(f32::MIN_POSITIVE)) * f64::from(f32::EPSILON)).max(1e-45);
                assert!((f64::from(got) - exact).abs() <= ulp, "exp({x}) is {exact}, not {got}");
            }
        }
    }

    #[test]
    fn its_ends_are_those_of_the_function() {
        assert_eq!((exp(0.0), exp(-0.0)), (1.0, 1.0));
        assert_eq!((exp(f32::NEG_INFINITY), exp(f32::INFINITY)), (0.0, f32::INFINITY));
        assert!(exp(f32::NAN).is_nan());
        assert_eq!((exp(-1e30), exp(1e30)), (0.0, f32::INFINITY));
    }
}
