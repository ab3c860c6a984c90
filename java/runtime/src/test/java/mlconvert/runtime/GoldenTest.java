package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GoldenTest {
    /** Has the margin 1.5, and so a probability above a half. */
    private static final double[] X = {50, 1, 0};

    private static int test(byte[] forest, byte[] golden) {
        return Model.load(Made.jar("churn", forest, golden)).selfTest();
    }

    /** X with a margin and predictions. */
    private static byte[] golden(int ulps, double margin, double... prediction) {
        return Made.golden(1, ulps, X, new double[] {margin}, prediction);
    }

    @Test
    void countsTheRowsThatAgree() {
        byte[] forest = Made.churn();
        double[] rows = {50, 1, 1, Double.NaN, Double.NaN, Double.NaN};
        assertEquals(2, test(forest, Made.golden(Model.load(forest), rows, 0)));
        assertEquals(0, test(forest, null));
        assertEquals(0, test(forest, Made.golden(0, 0)));
    }

    @Test
    void marginsAreHeldToTheBit() {
        byte[] forest = Made.edited(Made.churn(), "{\"name\":\"sigmoid\",\"scale\":1.0}", "{\"name\":\"identity\"}");
        double[] p = {-0.5, 1.5};
        assertEquals(1, test(forest, golden(4, 1.5, p)));
        String message = assertThrows(ModelException.class, () -> test(forest, golden(4, Math.nextUp(1.5), p))).getMessage();
        assertEquals("golden row 0 has the margin 1.5000000000000002, and scores 1.5", message);
        double[] zero = {0, 0, 0};
        byte[] negative = Made.golden(1, 4, zero, new double[] {-0.0}, new double[] {1, 0});
        assertThrows(ModelException.class, () -> test(forest, negative));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4})
    void predictionsAreHeldToTheirUlps(int ulps) {
        byte[] forest = Made.churn();
        double p = Model.load(forest).predict(X);
        double q = 1 - p;
        double off = p + ulps * Math.ulp(p);
        assertEquals(1, test(forest, golden(ulps, 1.5, q, off)));
        assertThrows(ModelException.class, () -> test(forest, golden(ulps, 1.5, q, Math.nextUp(off))));
        assertThrows(ModelException.class, () -> test(forest, golden(ulps, 1.5, q, Double.POSITIVE_INFINITY)));
        assertThrows(ModelException.class, () -> test(forest, golden(ulps, 1.5, q, Double.NaN)));
    }

    @Test
    void oneMinusPIsHeldToTheUlpsOfOne() {
        // p is near 1, so 1 - p is small, and a multiple of 2**-53
        byte[] forest = Made.edited(Made.churn(), "\"scale\":1.0", "\"scale\":24.0");
        double p = Model.load(forest).predict(X);
        assertEquals(1, test(forest, golden(4, 1.5, 1 - p + 4 * 0x1p-53, p)));
        assertThrows(ModelException.class, () -> test(forest, golden(4, 1.5, 1 - p + 5 * 0x1p-53, p)));
    }

    @Test
    void smallPredictionsOfARegressorAreHeldToTheirOwnUlps() {
        byte[] forest = Made.edited(Made.churn(), "\"labels\":[\"no\",\"yes\"],", "");
        double[] x = {0, 0, 1};
        double p = Model.load(forest).predict(x);
        assertEquals(1, test(forest, Made.golden(1, 4, x, new double[] {-2}, new double[] {p + 4 * Math.ulp(p)})));
        byte[] far = Made.golden(1, 4, x, new double[] {-2}, new double[] {p + 5 * Math.ulp(p)});
        assertThrows(ModelException.class, () -> test(forest, far));
    }

    @Test
    void ulpsAreThoseOfTheModelsFloats() {
        byte[] forest = Made.edited(Made.churn(), "\"sum\":\"float64\"", "\"sum\":\"float32\"");
        float p = (float) Model.load(forest).predict(X);
        float off = p + 4 * Math.ulp(p);
        assertEquals(1, test(forest, golden(4, 1.5, 1 - p, off)));
        assertThrows(ModelException.class, () -> test(forest, golden(4, 1.5, 1 - p, Math.nextUp(off))));
    }

    @Test
    void brokenRowsAreRefused() {
        byte[] forest = Made.churn();
        byte[] whole = Made.golden(Model.load(forest), X, 0);
        assertDoesNotThrow(() -> test(forest, whole));
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThrows(BrokenModelException.class, () -> test(forest, cut));
        }
        for (byte[] claim : new byte[][] {Made.golden(-1, 0), Made.golden(Integer.MAX_VALUE, 0), Made.golden(0, -1), Made.golden(1, 0)}) {
            assertThrows(BrokenModelException.class, () -> test(forest, claim));
        }
    }
}
