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
        unless(content.length >= 8, "its golden rows are cut off");
        rows = bytes.getInt();
        ulps = bytes.getInt();
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
        compare("margin", margin, model.marginBatch(x, new double[margin.length]), 0, model.schema());
        compare("prediction", prediction, model.predictBatch(x, new double[prediction.length]), ulps, model.schema());
    }

    private void compare(String what, double[] wanted, double[] found, int ulps, Schema schema) {
        // A prediction of a float32 model is a float32, and its ULPs are.
        for (int i = 0; i < wanted.length; i++) {
            if (!near(wanted[i], found[i], ulps)) {
                throw new ModelException("golden row " + i / (wanted.length / rows) + " has the " + what + " " + wanted[i]
                        + ", and scores " + found[i]);
            }
        }
    }

    private static boolean near(double a, double b, int ulps) {
        boolean same = Double.doubleToLongBits(a) == Double.doubleToLongBits(b);
        boolean bothFloats = (float) a == a && (float) b == b;
        double unit = bothFloats ? Math.ulp((float) a) : Math.ulp(a);
        return same || ulps > 0 && Math.abs(a - b) <= ulps * unit;
    }
}
