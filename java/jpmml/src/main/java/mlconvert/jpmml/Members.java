package mlconvert.jpmml;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts the members of generated classes into an order of their own: first those whose names say what they are, as they stand; then those
 * that are told apart by identity hash codes, as the ones before mention them.
 *
 * <p>JPMML walks through maps of objects without an order, and the code model sorts classes by name: both go by hash codes, which are
 * other ones each time.
 */
final class Members {
    /** What generated Java is made of (JLS 11, 3.7 to 3.11): comments, literals, identifiers, numbers and what structures it. */
    static final Pattern TOKEN = Pattern.compile(
            "/\\*.*?\\*/|//[^\n]*|\"(?:[^\"\\\\]|\\\\.)*+\"|'(?:[^'\\\\]|\\\\.)*+'|[A-Za-z_$][\\w$]*+|\\d[\\w.]*+|[{}();.=]", Pattern.DOTALL);
    private static final Pattern HASHED = Pattern.compile(".*\\$\\d+.*");

    private final Matcher token;
    private final String source;

    private Members(String source) {
        this.source = source;
        token = TOKEN.matcher(source);
    }

    /** The source of a file, in order. */
    static String inOrder(String source) {
        Members members = new Members(source);
        return members.body(0, false);
    }

    /** The members from here to the end of their class, or of the file; their texts in order, with the brace that ends the class. */
    private String body(int start, boolean ends) {
        StringBuilder named = new StringBuilder();
        Map<String, String> hashed = new LinkedHashMap<>();
        Member member = new Member(start);
        while (token.find()) {
            String text = token.group();
            if (ends && text.equals("}") && member.depth == 0) {
                return ordered(named, hashed) + source.substring(member.start, token.end());
            }
            if (text.equals("{") && member.isClass && member.depth == 0) {
                String head = source.substring(member.start, token.end());
                add(member.name, head + body(token.end(), true), named, hashed);
                member = new Member(token.end());
            } else if (member.ends(text)) {
                add(member.name, source.substring(member.start, token.end()), named, hashed);
                member = new Member(token.end());
            }
        }
        return ordered(named, hashed) + source.substring(member.start);
    }

    private static void add(String name, String text, StringBuilder named, Map<String, String> hashed) {
        if (HASHED.matcher(name).matches()) {
            // Methods may share a name; they are then one member.
            hashed.merge(name, text, String::concat);
        } else {
            named.append(text);
        }
    }

    private static String ordered(StringBuilder named, Map<String, String> hashed) {
        Deque<String> read = new ArrayDeque<>(List.of(named.toString()));
        List<String> made = new ArrayList<>();
        while (!read.isEmpty()) {
            String text = read.remove();
            made.add(text);
            Matcher mention = TOKEN.matcher(text);
            while (mention.find()) {
                String found = hashed.remove(mention.group());
                if (found != null) {
                    read.add(found);
                }
            }
        }
        made.addAll(hashed.values());
        return String.join("", made);
    }

    /** A member that is being read: where it starts, how deep in its braces and parentheses, and what it is called. */
    private static final class Member {
        final int start;
        int depth;
        boolean isClass;
        String name = "";
        private String before = "";
        private boolean isNamed;

        Member(int start) {
            this.start = start;
        }

        /** Takes the next token; whether it is the member's last. */
        boolean ends(String text) {
            if (text.equals("{") || text.equals("(")) {
                // The name of a method stands before its parameters; after an = it would be that of one that is called.
                name = depth == 0 && text.equals("(") && !isNamed ? before : name;
                isNamed |= depth == 0;
                depth++;
            } else if (text.equals("}") || text.equals(")")) {
                depth--;
            } else if (depth == 0 && text.equals("=")) {
                isNamed = true;
            } else if (depth == 0 && (before.equals("class") || before.equals("interface"))) {
                name = text;
                isNamed = true;
                isClass = true;
            }
            before = text;
            return depth == 0 && (text.equals("}") || text.equals(";"));
        }
    }
}
