package mlconvert.runtime;

/** From margins to predictions: the average, the link function, and for a classifier of two labels both probabilities. */
final strictfp class Link {
    private final String name;
    private final double divisor;
    private final double scale;
    private final boolean isFloat;
    private final boolean both;

    Link(Header header) {
        name = header.link;
        isFloat = header.sumsFloat;
        divisor = rounded(header.divisor);
        scale = rounded(header.scale);
        both = header.outputs == 1 && header.schema.predictions() == 2;
    }

    /** The predictions of {@code margin}, into out[to] and the places after it. */
    void apply(double[] margin, double[] out, int to) {
        if (name.equals("softmax")) {
            softmax(margin, out, to);
        } else {
            for (int k = 0; k < margin.length; k++) {
                out[to + k] = linked(averaged(margin[k]));
            }
        }
        if (both) {
            out[to + 1] = out[to];
            out[to] = rounded(1 - out[to]);
        }
    }

    /** The prediction of the only margin: for a classifier the probability of the second label. */
    double apply(double margin) {
        return name.equals("softmax") ? exp(margin - margin) : linked(averaged(margin));
    }

    private double averaged(double m) {
        return divisor == 1 ? m : rounded(m / divisor);
    }

    private double linked(double m) {
        switch (name) {
            case "sigmoid":
                return rounded(1 / rounded(1 + exp(rounded(-scale * m))));
            case "exp":
                return exp(m);
            case "softplus":
                return rounded(StrictMath.log1p(exp(m)));
            case "square":
                return rounded(rounded(sign(m) * m) * m);
            default:
                return m;
        }
    }

    private static double sign(double m) {
        return m == 0 ? 0.0 : Math.signum(m);
    }

    private void softmax(double[] margin, double[] out, int to) {
        double largest = averaged(margin[0]);
        for (double m : margin) {
            // Math.max keeps a NaN, as numpy does
            largest = Math.max(largest, averaged(m));
        }
        double total = 0;
        for (int k = 0; k < margin.length; k++) {
            out[to + k] = exp(rounded(averaged(margin[k]) - largest));
            total = rounded(total + out[to + k]);
        }
        for (int k = 0; k < margin.length; k++) {
            out[to + k] = rounded(out[to + k] / total);
        }
    }

    /** StrictMath's bits are the same on every machine. */
    private double exp(double m) {
        return rounded(StrictMath.exp(m));
    }

    /** The type of the sums: with float's 24 bits, rounding a double's result of + - * / once more gives the float's result. */
    private double rounded(double value) {
        return isFloat ? (float) value : value;
    }
}
