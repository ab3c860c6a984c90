package mlconvert.runtime;

import static mlconvert.runtime.BrokenModelException.unless;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Rows with the margins and predictions that the source library gives them.
 *
 * <p>The bytes: how many rows, and by how many ULPs predictions may differ (two little-endian ints); then the rows, their
 * margins and their predictions, as doubles.
 */
final class Golden {
    final int rows;
    final double[] x;
    private final int ulps;
    private final double[] margin;
    private final double[] prediction;

    Golden(byte[] content, Schema schema) {
        ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        boolean begins = content.length >= 8;
        rows = begins ? bytes.getInt() : -1;
        ulps = begins ? bytes.getInt() : -1;
        long width = (long) schema.columns().size() + schema.margins() + schema.predictions();
        unless(rows >= 0 && ulps >= 0 && content.length - 8 == rows * width * 8, "its golden rows are cut off");
        x = doubles(bytes, rows * schema.columns().size());
        margin = doubles(bytes, rows * schema.margins());
        prediction = doubles(bytes, rows * schema.predictions());
    }

    private static double[] doubles(ByteBuffer bytes, int length) {
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            values[i] = bytes.getDouble();
        }
        return values;
    }

    /** Scores the rows and compares: margins bit for bit, predictions within the ULPs. */
    void check(Model model) {
        compare("margin", margin, model.marginBatch(x, new double[margin.length]), model, 0);
        compare("prediction", prediction, model.predictBatch(x, new double[prediction.length]), model, ulps);
    }

    private void compare(String what, double[] wanted, double[] found, Model model, int most) {
        for (int i = 0; i < wanted.length; i++) {
            boolean same = Double.doubleToLongBits(wanted[i]) == Double.doubleToLongBits(found[i]);
            if (!same && !(most > 0 && Math.abs(wanted[i] - found[i]) <= most * unit(wanted[i], model))) {
                throw new ModelException("golden row " + i / (wanted.length / rows) + " has the " + what + " " + wanted[i]
                        + ", and scores " + found[i]);
            }
        }
    }

    /** An ULP of what should come out; but 1 - p, and what else is a difference to a number near 1, has no finer one than that. */
    private static double unit(double wanted, Model model) {
        boolean isFloat = model.forest.header.sumsFloat;
        double own = isFloat ? Math.ulp((float) wanted) : Math.ulp(wanted);
        boolean isDifference = model.forest.header.link.equals("isolation") || !model.classes().isEmpty();
        double least = !isDifference ? 0 : isFloat ? 0x1p-24 : 0x1p-53;
        return own <= Double.MAX_VALUE ? Math.max(own, least) : 0;
    }
}
