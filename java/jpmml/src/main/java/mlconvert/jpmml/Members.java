package mlconvert.jpmml;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts the member classes of generated source into the order in which their owner mentions them, which is that of their making.
 *
 * <p>The code model sorts them by name, and JPMML's names hold identity hash codes: the order would be another one each time.
 */
final class Members {
    /** What generated Java is made of (JLS 11, 3.7 to 3.11): comments, literals, identifiers, numbers and separators. */
    static final Pattern TOKEN = Pattern.compile(
            "/\\*.*?\\*/|//[^\n]*|\"(?:[^\"\\\\]|\\\\.)*+\"|'(?:[^'\\\\]|\\\\.)*+'|[A-Za-z_$][\\w$]*+|\\d[\\w.]*+|[{};.]", Pattern.DOTALL);

    private Members() {
    }

    /** A class: where it stands, where in its owner's own text it is first mentioned, and its members. */
    private static final class Member {
        final String name;
        final int start;
        final int depth;
        int end;
        final List<Member> members = new ArrayList<>();
        final Map<String, Integer> mentioned = new HashMap<>();

        Member(String name, int start, int depth) {
            this.name = name;
            this.start = start;
            this.depth = depth;
        }
    }

    /** The source, with its member classes in order. */
    static String inOrder(String source) {
        StringBuilder made = new StringBuilder(source.length());
        write(outline(source), source, made);
        return made.toString();
    }

    /** The file as a class whose members are the top-level ones. */
    private static Member outline(String source) {
        Deque<Member> owners = new ArrayDeque<>();
        Member file = new Member("", 0, 0);
        file.end = source.length();
        owners.push(file);
        Matcher token = TOKEN.matcher(source);
        String before = "";
        int boundary = 0;
        int depth = 0;
        while (token.find()) {
            String text = token.group();
            if (text.equals("{")) {
                depth++;
            } else if (text.equals("}")) {
                depth--;
                if (depth == owners.peek().depth - 1) {
                    owners.pop().end = token.end();
                }
            }
            if (isName(text) && (before.equals("class") || before.equals("interface"))) {
                Member found = new Member(text, boundary, depth + 1);
                owners.peek().members.add(found);
                owners.push(found);
            } else if (isName(text)) {
                owners.peek().mentioned.putIfAbsent(text, token.start());
            }
            if (text.length() == 1 && "{};".contains(text)) {
                boundary = token.end();
            }
            // What follows a dot is the name of a member or `.class`, which declares nothing.
            before = before.equals(".") ? "" : text;
        }
        return file;
    }

    private static boolean isName(String token) {
        return Character.isJavaIdentifierStart(token.charAt(0));
    }

    private static void write(Member owner, String source, StringBuilder made) {
        List<Member> ordered = new ArrayList<>(owner.members);
        ordered.sort(Comparator.comparing(member -> owner.mentioned.getOrDefault(member.name, Integer.MAX_VALUE)));
        int at = owner.start;
        for (int place = 0; place < ordered.size(); place++) {
            made.append(source, at, owner.members.get(place).start);
            write(ordered.get(place), source, made);
            at = owner.members.get(place).end;
        }
        made.append(source, at, owner.end);
    }
}
