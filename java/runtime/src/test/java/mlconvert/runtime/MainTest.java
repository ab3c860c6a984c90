package mlconvert.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line, on the model of a jar on the thread's class path. */
class MainTest {
    private static final String ERROR = "error: ";

    @TempDir
    Path folder;
    private byte[] forest = Made.churn();
    private byte[] golden;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void makeGoldenRows() {
        golden = Made.golden(Model.load(forest), new double[] {50, 1, 1, 20, 0, 0}, 0);
    }

    private int run(InputStream in, OutputStream to, String... args) throws IOException {
        Path jar = Files.write(folder.resolve("churn.jar"), Made.jar("churn", forest, golden));
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            return Main.run(args, in, to, new PrintStream(err, true, "UTF-8"));
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private String out(String csv, String... args) throws IOException {
        int status = run(new ByteArrayInputStream(csv.getBytes(StandardCharsets.UTF_8)), out, args);
        assertEquals("", err.toString("UTF-8"));
        assertEquals(0, status);
        return out.toString("UTF-8");
    }

    private String error(String csv, String... args) throws IOException {
        assertEquals(1, run(new ByteArrayInputStream(csv.getBytes(StandardCharsets.UTF_8)), out, args));
        String error = err.toString("UTF-8");
        assertTrue(error.startsWith(ERROR) && error.indexOf('\n') == error.length() - 1, error);
        return error.substring(ERROR.length(), error.length() - 1);
    }

    private static String p(double margin) {
        double p = 1 / (1 + StrictMath.exp(-margin));
        return (1 - p) + "," + p;
    }

    @Test
    void scoresRowsByTheHeadersNames() throws IOException {
        String csv = "id,vip,city,age\n1,0,Rome,50\n2,,,\n3,true,\"a, \"\"b\"\"\",4e1\n";
        assertEquals("probability(no),probability(yes),label\n" + p(1.5) + ",yes\n" + p(0) + ",no\n" + p(-2) + ",no\n", out(csv));
    }

    @Test
    void addsMargins() throws IOException {
        assertEquals("probability(no),probability(yes),label,margin\n" + p(-1) + ",no,-1.0\n", out("age,city,vip\n41,Bern,1\n", "--margin"));
    }

    @ParameterizedTest
    @CsvSource({"'\r\n'", "'\n'", "'\r'"})
    void takesEveryKindOfLineAndAByteOrderMark(String end) throws IOException {
        String csv = "\uFEFFage,\"city\",vip" + end + "50,\"Rome\",0" + end + end + "50,\"Rome\",\"0\"";
        assertEquals("probability(no),probability(yes),label\n" + (p(1.5) + ",yes\n").repeat(2), out(csv));
    }

    @Test
    void quotedCellsMayHoldLines() throws IOException {
        forest = Made.edited(forest, "\"Rome\"", "\"Ro\\nme\"");
        assertEquals("line 4: column \"age\": \"x\" is no number", error("city,age,vip\n\"Ro\nme\",1,1\nBern,x,1\n"));
    }

    @Test
    void aRegressorPredicts() throws IOException {
        golden = null;
        forest = Made.edited(forest, "\"labels\":[\"no\",\"yes\"],", "");
        forest = Made.edited(forest, "{\"name\":\"sigmoid\",\"scale\":1.0}", "{\"name\":\"identity\"}");
        forest = Made.edited(forest, "\"divisor\":1", "\"divisor\":3");
        assertEquals("prediction,margin\n" + 1.5 / 3 + ",1.5\n", out("age,city,vip\n50,Rome,0\n", "--margin"));
        out.reset();
        forest = Made.edited(forest, "\"sum\":\"float64\"", "\"sum\":\"float32\"");
        forest = Made.edited(forest, "\"divisor\":3", "\"divisor\":7");
        assertEquals("prediction\n" + 1.5f / 7 + "\n", out("age,city,vip\n50,Rome,0\n"));
    }

    @Test
    void severalOutputsAreNumberedOrNamed() throws IOException {
        golden = null;
        Sample sample = Made.sample(s -> s.outputs = 2);
        forest = sample.file();
        String rows = "c0,c1,c2,c3,c4\n0,0,0,0,0\n";
        double[] margin = sample.margins(new double[5], 0);
        String numbers = margin[0] + "," + margin[1];
        assertEquals("prediction(0),prediction(1),margin(0),margin(1)\n" + numbers + "," + numbers + "\n", out(rows, "--margin"));
        out.reset();
        forest = Made.edited(forest, "\"outputs\"", "\"labels\":[\"a,b\",2.5],\"outputs\"");
        String label = margin[0] >= margin[1] ? "\"a,b\"" : "2.5";
        assertEquals("\"probability(a,b)\",probability(2.5),label,\"margin(a,b)\",margin(2.5)\n" + numbers + "," + label + "," + numbers + "\n",
                out(rows, "--margin"));
    }

    @Test
    void scoresManyRowsAsTheModelDoes() throws IOException {
        golden = null;
        Sample sample = Made.sample(s -> s.columns = 3);
        forest = sample.file();
        double[] rows = sample.rows(5000);
        StringBuilder csv = new StringBuilder("c2,c0,c1\n");
        StringBuilder expected = new StringBuilder("prediction\n");
        for (int i = 0; i < rows.length; i += 3) {
            csv.append(rows[i + 2]).append(',').append(rows[i]).append(',').append(rows[i + 1]).append('\n');
            expected.append(sample.margins(rows, i)[0]).append('\n');
        }
        assertEquals(expected.toString(), out(csv.toString()));
    }

    @Test
    void noRowsGiveTheHeader() throws IOException {
        assertEquals("probability(no),probability(yes),label\n", out("age,city,vip"));
    }

    @Test
    void aColumnAloneMayBeEmpty() throws IOException {
        golden = null;
        Sample sample = Made.sample(s -> s.columns = 1);
        forest = sample.file();
        double missing = sample.margins(new double[] {Double.NaN}, 0)[0];
        assertEquals("prediction\n" + missing + "\n" + missing + "\n", out("c0\n\n\"\"\n"));
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', delimiter = '|', value = {
        "`age,city\n1,Rome\n`|`line 1: column \"vip\": it is not in the input`",
        "``|`line 1: column \"age\": it is not in the input`",
        "`age,age,city,vip\n`|`line 1: column \"age\": it stands twice in the header`",
        "`age,city,vip\n1,Rome,0\n1,Oslo,0\n`|`line 3: column \"city\": \"Oslo\" is none of the model's categories`",
        "`age,city,vip\nold,Rome,0\n`|`line 2: column \"age\": \"old\" is no number`",
        "`age,city,vip\n1,Rome,2\n`|`line 2: column \"vip\": \"2\" is no boolean`",
        "`age,city,vip\n1,Rome\n`|`line 2: 2 cells instead of 3`",
        "`age,city,vip\n1,Rome,0,0\n`|`line 2: 4 cells instead of 3`",
        "`age,city,vip\n1,\"Rome,0\n1,1,1`|`line 2: a cell in quotes does not end`",
        "`age,city,vip\n1,\"Rome\"x,0\n`|`line 2: text follows a cell in quotes`"})
    void errorsNameTheLineAndTheColumn(String csv, String message) throws IOException {
        assertEquals(message, error(csv));
    }

    @Test
    void otherColumnsMayStandTwice() throws IOException {
        assertEquals("probability(no),probability(yes),label\n" + p(1) + ",yes\n", out("x,age,x,city,vip\n,41,,Bern,0\n"));
    }

    @Test
    void missingValuesAreRefusedByLine() throws IOException {
        forest = Made.edited(forest, "\"missing\":\"nan\"}", "\"missing\":\"refused\"}");
        String csv = "age,city,vip\n1,,\n,Rome,1\n";
        assertEquals("line 3: column \"age\": its value is missing, and the model takes no missing values", error(csv));
    }

    @Test
    void whatIsNoUtf8IsRefused() throws IOException {
        byte[] csv = "age,city,vip\n1,Z\u00fcrich,0\n".getBytes(StandardCharsets.ISO_8859_1);
        assertEquals(1, run(new ByteArrayInputStream(csv), out));
        assertEquals("error: behind line 1: the text is not UTF-8\n", err.toString("UTF-8"));
    }

    @Test
    void aRecordWithoutEndIsRefused() throws IOException {
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 'x';
            }
        };
        assertEquals(1, run(endless, out));
        assertEquals("error: line 1: it is too long\n", err.toString("UTF-8"));
    }

    @Test
    void anAnswerComesBeforeTheNextRowIsWaitedFor() throws IOException {
        byte[][] rows = {"age,city,vip\n".getBytes(StandardCharsets.UTF_8), "41,Bern,0\n".getBytes(StandardCharsets.UTF_8)};
        InputStream slow = new InputStream() {
            private int part;
            private int at;

            @Override
            public int read() {
                throw new UnsupportedOperationException();
            }

            @Override
            public int read(byte[] bytes, int from, int length) {
                if (part == 2) {
                    assertTrue(out.toString().endsWith("yes\n"), "the row has been answered by now");
                    return -1;
                }
                System.arraycopy(rows[part], 0, bytes, from, rows[part].length);
                return rows[part++].length;
            }
        };
        assertEquals(0, run(slow, out));
    }

    @Test
    void aReaderWhoHasSeenEnoughIsNoError() throws IOException {
        OutputStream closed = failing("Broken pipe");
        assertEquals(1, run(new ByteArrayInputStream("age,city,vip\n".getBytes(StandardCharsets.UTF_8)), closed));
        assertEquals("", err.toString("UTF-8"));
        assertEquals(1, run(new ByteArrayInputStream("age,city,vip\n".getBytes(StandardCharsets.UTF_8)), failing("No space left on device")));
        assertEquals("error: No space left on device\n", err.toString("UTF-8"));
    }

    private static OutputStream failing(String message) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        };
    }

    @Test
    void testsItself() throws IOException {
        assertEquals("2 rows score as in the library that trained the model\n", out("", "--self-test"));
        golden = null;
        assertEquals("the jar carries no rows to score", error("", "--self-test"));
    }

    @Test
    void aFailedTestIsAnError() throws IOException {
        golden = Made.golden(1, 0, new double[3], new double[] {7}, new double[2]);
        assertEquals("golden row 0 has the margin 7.0, and scores 0.0", error("", "--self-test"));
    }

    @Test
    void timesItself() throws IOException {
        String report = out("", "--bench");
        assertTrue(report.matches("one row: p50 \\d+ ns, p99 \\d+ ns, .*\nbatch of 10000 rows: \\d+ ns a row, \\d+ rows a second, .*\n"), report);
    }

    @Test
    void saysWhatItIs() throws IOException {
        assertEquals(Model.load(forest).schema().toJson() + "\n", out("", "--schema"));
        out.reset();
        assertTrue(out("", "--help").startsWith("usage: java -jar MODEL.jar [OPTION]"));
        out.reset();
        assertTrue(out("", "--version").startsWith("mlconvert "));
    }

    @ParameterizedTest
    @CsvSource({"--what", "-h", "rows.csv", "--margin --margin"})
    void whatIsNoOptionIsAUsageError(String args) throws IOException {
        assertEquals(2, run(new ByteArrayInputStream(new byte[0]), out, args.split(" ")));
        assertEquals("error: \"" + args + "\" is no option; --help lists them\n", err.toString("UTF-8"));
    }
}
