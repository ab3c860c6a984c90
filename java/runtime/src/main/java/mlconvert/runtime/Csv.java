package mlconvert.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads CSV in UTF-8 (RFC 4180; a line may also end in LF or CR alone) record by record, in memory that no file makes grow. */
final class Csv {
    private static final int LONGEST = 1 << 24;
    /** A number of so many digits is exact in a double, and so is 10 to the power of 22: their quotient is rounded once. */
    private static final long MOST_DIGITS = (1L << 53) / 10;
    private static final double[] TEN = new double[23];

    static {
        TEN[0] = 1;
        for (int i = 1; i < TEN.length; i++) {
            TEN[i] = TEN[i - 1] * 10;
        }
    }

    /** How many cells the record has, and the line that it begins on. */
    int cells;
    int line;
    private int lines = 1;
    private final Reader in;
    private final char[] buffer = new char[1 << 16];
    private int at;
    private int end;
    /** The cells' text, one behind the other, and where each ends. */
    private char[] text = new char[1 << 10];
    private int length;
    private int[] ends = new int[1 << 6];

    Csv(InputStream in) throws IOException {
        this.in = new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder());
        // a byte order mark, as spreadsheets write it
        at = fill() && buffer[0] == '\uFEFF' ? 1 : 0;
    }

    /** Whether the next record may have to be waited for. */
    boolean waits() throws IOException {
        return at == end && !in.ready();
    }

    /** Goes to the next record, if there is one. Throws ModelException for what is no CSV. */
    boolean next() throws IOException {
        cells = 0;
        length = 0;
        line = lines;
        for (int c = read(); c >= 0 || cells > 0; c = read()) {
            int last = c == '"' ? quoted() : plain(c);
            ends = cells < ends.length ? ends : Arrays.copyOf(ends, 2 * cells);
            ends[cells++] = length;
            if (last != ',') {
                at += last == '\r' && (at < end || fill()) && buffer[at] == '\n' ? 1 : 0;
                lines++;
                return true;
            }
        }
        return false;
    }

    /** Takes a cell without quotes, and says what ended it: a comma, a line's end or, at the end of the file, -1. */
    private int plain(int first) throws IOException {
        for (int c = first;; c = read()) {
            if (c <= ',' && (c == ',' || c == '\n' || c == '\r' || c < 0)) {
                return c;
            }
            append(c);
        }
    }

    private int quoted() throws IOException {
        while (true) {
            int c = read();
            if (c == '"') {
                c = read();
                if (c == ',' || c == '\n' || c == '\r' || c < 0) {
                    return c;
                }
                require(c == '"', "text follows a cell in quotes");
            }
            require(c >= 0, "a cell in quotes does not end");
            lines += c == '\n' ? 1 : 0;
            append(c);
        }
    }

    private void append(int c) {
        if (length == text.length) {
            require(length < LONGEST, "it is too long");
            text = Arrays.copyOf(text, 2 * length);
        }
        text[length++] = (char) c;
    }

    private int read() throws IOException {
        return at < end || fill() ? buffer[at++] : -1;
    }

    private boolean fill() throws IOException {
        try {
            at = 0;
            end = Math.max(0, in.read(buffer));
            return end > 0;
        } catch (CharacterCodingException e) {
            throw new ModelException("behind line " + lines + ": the text is not UTF-8");
        }
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ModelException("line " + line + ": " + otherwise);
        }
    }

    /** Whether nothing at all stands in the record's only cell. */
    boolean isBlank() {
        return cells == 1 && length == 0;
    }

    String text(int cell) {
        int from = from(cell);
        return new String(text, from, ends[cell] - from);
    }

    private int from(int cell) {
        return cell == 0 ? 0 : ends[cell - 1];
    }

    /** The number in a cell, by the short way that most take: NaN for one of many digits or with an exponent, and for no number. */
    double number(int cell) {
        int from = from(cell);
        int first = from < ends[cell] && text[from] == '-' ? from + 1 : from;
        long digits = 0;
        int point = -1;
        for (int i = first; i < ends[cell]; i++) {
            int digit = text[i] - '0';
            if (digit >= 0 && digit <= 9 && digits < MOST_DIGITS) {
                digits = 10 * digits + digit;
            } else if (text[i] == '.' && point < 0) {
                point = i;
            } else {
                return Double.NaN;
            }
        }
        int after = point < 0 ? 0 : ends[cell] - 1 - point;
        boolean any = ends[cell] - first > (point < 0 ? 0 : 1);
        double value = any && after < TEN.length ? digits / TEN[after] : Double.NaN;
        return first > from ? -value : value;
    }
}
