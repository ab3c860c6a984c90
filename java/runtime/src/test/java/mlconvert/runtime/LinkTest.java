package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Links and labels against the formulas of docs/forest.md. */
class LinkTest {
    private static final double NAN = Double.NaN;
    private static final double INF = Double.POSITIVE_INFINITY;

    private static Header header(String labels, int outputs, String sum, String divisor, String link) {
        String json = "{\"columns\":[]," + labels + "\"outputs\":" + outputs + ",\"width\":1,\"read\":\"float64\",\"zero\":0,\"sum\":\"" + sum
                + "\",\"base_at\":\"start\",\"divisor\":" + divisor + ",\"link\":{\"name\":" + link + "},\"decisions\":[],"
                + "\"leaf_label\":\"split\",\"source\":{},\"arrays\":[]}";
        return Header.read(ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8)));
    }

    private static double one(String link, double m) {
        Link made = new Link(header("", 1, "float64", "1", link));
        double[] out = {7, m, 7};
        made.apply(out, 1, out, 1);
        assertEquals(out[1], made.apply(m));
        return out[1];
    }

    @Test
    void eachFunctionIsItsFormula() {
        assertEquals(-1.5, one("\"identity\"", -1.5));
        assertEquals(1 / (1 + StrictMath.exp(-0.5 * 3)), one("\"sigmoid\",\"scale\":0.5", 3));
        assertEquals(0, one("\"sigmoid\",\"scale\":1", -INF));
        assertEquals(StrictMath.exp(2), one("\"exp\"", 2));
        assertEquals(StrictMath.log1p(StrictMath.exp(2)), one("\"softplus\"", 2));
        assertEquals(-4, one("\"square\"", -2));
        assertEquals(0.0, one("\"square\"", -0.0));
        assertEquals(1, one("\"step\"", 1e-300));
        assertEquals(0, one("\"step\"", 0));
        assertEquals(0, one("\"step\"", NAN));
        assertEquals(-0.25 + 0.5, one("\"isolation\",\"offset\":-0.5", 2));
        assertEquals(1, one("\"softmax\"", 5));
        assertEquals(NAN, one("\"softmax\"", INF));
        assertEquals(NAN, one("\"exp\"", NAN));
    }

    @Test
    void softmaxAddsInDoubles() {
        double[] margin = {1, 2, 0.5};
        double[] e = {StrictMath.exp(-1), 1, StrictMath.exp(-1.5)};
        double s = e[0] + e[1] + e[2];
        double[] out = new double[3];
        new Link(header("", 3, "float64", "1", "\"softmax\"")).apply(margin, 0, out, 0);
        assertArrayEquals(new double[] {e[0] / s, e[1] / s, e[2] / s}, out);
        new Link(header("", 3, "float32", "1", "\"softmax\"")).apply(margin, 0, out, 0);
        float total = (float) ((float) e[0] + 1.0 + (float) e[2]);
        assertArrayEquals(new double[] {(float) e[0] / total, 1 / total, (float) e[2] / total}, out);
        new Link(header("", 3, "float64", "2", "\"softmax\",\"scale\":4.0")).apply(margin, 0, out, 0);
        assertEquals(1 / (StrictMath.exp(-2) + 1 + StrictMath.exp(-3)), out[1]);
        new Link(header("", 3, "float64", "1", "\"softmax\"")).apply(new double[] {1, NAN, 2}, 0, out, 0);
        assertArrayEquals(new double[] {NAN, NAN, NAN}, out);
    }

    @Test
    void float32RoundsEveryStep() {
        float m = (float) 0.3 / 3f;
        float p = 1f / (1f + (float) StrictMath.exp(-m));
        double[] out = new double[2];
        new Link(header("\"labels\":[0,1],", 1, "float32", "3", "\"sigmoid\",\"scale\":1.0")).apply(new double[] {(float) 0.3}, 0, out, 0);
        assertArrayEquals(new double[] {1f - p, p}, out);
    }

    private static int label(String rule, int outputs, String divisor, double[] margin, double... probability) {
        String labels = outputs == 1 ? "[\"a\",\"b\"]" : "[\"a\",\"b\",\"c\"]";
        String label = rule.isEmpty() ? "" : "\"label\":\"" + rule + "\",";
        return new Link(header("\"labels\":" + labels + "," + label, outputs, "float64", divisor, "\"identity\"")).label(margin, 0, probability, 0);
    }

    @Test
    void theLabelFollowsTheHeadersRule() {
        assertEquals(1, label("", 1, "1", new double[] {9}, 0.4, 0.6));
        assertEquals(0, label("", 1, "1", new double[] {9}, 0.5, 0.5));
        assertEquals(0, label("", 1, "1", new double[] {9}, NAN, NAN));
        assertEquals(1, label("", 3, "1", new double[3], 0.2, NAN, 0.9));
        assertEquals(2, label("", 3, "1", new double[3], 0.2, 0.1, 0.9));
        assertEquals(0, label("margin", 1, "1", new double[] {0}, 0.4, 0.6));
        assertEquals(1, label("margin", 1, "1", new double[] {1e-300}, 0.6, 0.4));
        assertEquals(0, label("margin", 1, "10", new double[] {4.9e-324}, 0.6, 0.4));
        assertEquals(1, label("margin or zero", 1, "1", new double[] {-0.0}, 0.6, 0.4));
        assertEquals(0, label("margin or zero", 1, "1", new double[] {NAN}, 0.4, 0.6));
        assertEquals(2, label("margin", 3, "1", new double[] {1, 1, 2}, 1, 0, 0));
        assertEquals(0, label("margin or zero", 3, "1", new double[] {2, 1, 2}, 0, 0, 1));
    }
}
