/*
 * flow_answers.c - what can be recorded of a case: the one table of words.
 *
 * A department writes `status: reproduced` or 再現確認：再現, the desk types
 * `psirt step CASE 2.1.1 status=reproduced`, a flow file names what a step
 * expects: all of them look here.  Words are compared without regard to
 * case, width, blanks, and the form of kana.  Pure.
 */
#include "flow_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CHOICE(name, ...)                                                      \
	{                                                                      \
		name, WORDS(__VA_ARGS__), false                                \
	}
#define OPEN_CHOICE(name, ...)                                                 \
	{                                                                      \
		name, WORDS(__VA_ARGS__), true                                 \
	}
#define END_OF_CHOICES                                                         \
	{                                                                      \
		NULL, NULL, false                                              \
	}

/* The first word of each language is the one that our mails use. */
static const struct answer_choice yes_no[] = {
    CHOICE("yes", "yes", "y", "はい", "有", "可"),
    CHOICE("no", "no", "n", "いいえ", "無", "否", "不可"),
    END_OF_CHOICES,
};
static const struct answer_choice needed[] = {
    CHOICE("yes", "yes", "y", "要", "必要", "はい", "needed"),
    CHOICE("no", "no", "n", "不要", "いいえ", "否", "not needed"),
    END_OF_CHOICES,
};
static const struct answer_choice statuses[] = {
    CHOICE("reproduced", "reproduced", "再現", "再現した", "再現する",
	"再現あり", "再現できた", "再現しました", "再現できました"),
    CHOICE("not reproduced", "not reproduced", "not reproducible", "不再現",
	"再現せず", "再現しない", "再現しなかった", "再現なし", "再現できない",
	"再現できず", "再現できなかった", "再現しません", "再現しませんでした",
	"再現できませんでした"),
    OPEN_CHOICE("investigating", "investigating", "under investigation",
	"調査中", "確認中"),
    END_OF_CHOICES,
};
static const struct answer_choice verified[] = {
    CHOICE("yes", "yes", "y", "問題なし", "問題ない", "確認済", "はい"),
    CHOICE("no", "no", "n", "問題あり", "問題がある", "いいえ"),
    END_OF_CHOICES,
};
static const struct answer_choice decisions[] = {
    CHOICE("publish", "publish", "publication", "公表", "公表する", "公開"),
    CHOICE("customers only", "customers only", "customers", "all customers",
	"全顧客通知のみ", "全顧客通知", "全顧客へ通知", "顧客通知のみ",
	"公表しない"),
    END_OF_CHOICES,
};
static const struct answer_choice consents[] = {
    CHOICE("yes", "yes", "y", "了解", "了承", "承諾", "同意", "はい"),
    CHOICE("no", "no", "n", "不可", "否", "不同意", "いいえ"),
    END_OF_CHOICES,
};
static const struct answer_choice agreements[] = {
    CHOICE("yes", "yes", "y", "合意", "了解", "同意", "はい"),
    CHOICE("no", "no", "n", "合意せず", "不可", "不同意", "いいえ"),
    END_OF_CHOICES,
};
static const struct answer_choice mediations[] = {
    CHOICE("accepted", "accepted", "yes", "認める", "承諾"),
    CHOICE("refused", "refused", "no", "認めない", "拒否"),
    END_OF_CHOICES,
};
static const struct answer_choice objections[] = {
    CHOICE("yes", "yes", "y", "異議なし", "異存なし", "はい", "可", "了解",
	"no objection"),
    CHOICE("no", "no", "n", "異議あり", "異存あり", "いいえ", "否", "修正あり",
	"objection"),
    END_OF_CHOICES,
};
static const struct answer_choice tellers[] = {
    CHOICE("us", "us", "自社", "当社", "弊社"),
    CHOICE("jpcert", "jpcert", "jpcert/cc"),
    END_OF_CHOICES,
};

static const struct answer_rule rules[ANSWER_KIND_COUNT] = {
    [ANSWER_DETAILS] = {ANSWER_DETAILS, "need details",
	WORDS("need details", "details", "詳細", "詳細要否", "詳細の要否",
	    "詳細情報", "詳細情報の要否", "詳細情報要否"),
	ANSWER_CHOICE, needed, .guard = GUARD_ANSWERED, .hint_en = "yes | no",
	.hint_ja = "要 | 不要"},
    [ANSWER_STATUS] = {ANSWER_STATUS, "status",
	WORDS("status", "reproduction", "再現", "再現結果", "再現確認",
	    "再現状況"),
	ANSWER_CHOICE, statuses,
	.hint_en = "reproduced | not reproduced | investigating",
	.hint_ja = "再現 | 不再現 | 調査中"},
    [ANSWER_CAUSE] = {ANSWER_CAUSE, "cause",
	WORDS("cause", "原因", "脆弱性の原因"), ANSWER_TEXT, .exploit = true,
	.hint_en = "<what is wrong, with its CWE where known>",
	.hint_ja = "<原因。分かればCWEも>"},
    [ANSWER_CONDITIONS] = {ANSWER_CONDITIONS, "conditions",
	WORDS("conditions", "condition", "発現条件", "条件"), ANSWER_TEXT,
	.exploit = true, .hint_en = "<under which conditions it shows>",
	.hint_ja = "<どの条件で発現するか>"},
    [ANSWER_AFFECTED] = {ANSWER_AFFECTED, "affected",
	WORDS("affected", "影響あり", "影響を受ける", "影響範囲", "該当"),
	ANSWER_TEXT, .many = true, .hint_en = "<product and versions>",
	.hint_ja = "<製品とバージョン>"},
    [ANSWER_NOT_AFFECTED] = {ANSWER_NOT_AFFECTED, "not affected",
	WORDS("not affected", "unaffected", "影響なし", "影響を受けない",
	    "非該当"),
	ANSWER_TEXT, .many = true, .hint_en = "<product and versions>",
	.hint_ja = "<製品とバージョン>"},
    [ANSWER_UNDER_INVESTIGATION] = {ANSWER_UNDER_INVESTIGATION,
	"under investigation", WORDS("under investigation", "調査中", "確認中"),
	ANSWER_TEXT, .many = true, .hint_en = "<product and versions>",
	.hint_ja = "<製品とバージョン>"},
    [ANSWER_CVSS] = {ANSWER_CVSS, "cvss",
	WORDS("cvss", "cvss vector", "cvss値", "cvssベクタ", "cvssベクトル"),
	ANSWER_VECTOR, .hint_en = "<CVSS:3.1/… or CVSS:4.0/…>",
	.hint_ja = "<CVSS:3.1/… または CVSS:4.0/…>"},
    [ANSWER_IMPACT] = {ANSWER_IMPACT, "impact",
	WORDS("impact", "影響度", "影響"), ANSWER_TEXT,
	.hint_en = "<what it can do, and how bad that is>",
	.hint_ja = "<何が起こり、どれほど深刻か>"},
    [ANSWER_DIFFICULTY] = {ANSWER_DIFFICULTY, "difficulty",
	WORDS("difficulty", "難易度", "対策の難易度", "対策策定の難易度"),
	ANSWER_TEXT, .hint_en = "<how hard a fix is to make>",
	.hint_ja = "<対策策定の難しさ>"},
    [ANSWER_PLAN] = {ANSWER_PLAN, "plan", WORDS("plan", "計画", "対策計画"),
	ANSWER_TEXT, .hint_en = "<what is done, in which version, by whom>",
	.hint_ja = "<対策内容、対象バージョン、担当>"},
    [ANSWER_PLANNED] = {ANSWER_PLANNED, "planned",
	WORDS("planned", "planned date", "予定日", "対策予定日", "対応時期"),
	ANSWER_DATE, .hint_en = "<YYYY-MM-DD>", .hint_ja = "<YYYY-MM-DD>"},
    [ANSWER_FIX] = {ANSWER_FIX, "fix",
	WORDS("fix", "修正", "対策", "対策方法", "修正版"), ANSWER_TEXT,
	.hint_en = "<what mends it in the product>",
	.hint_ja = "<製品における対策方法>"},
    [ANSWER_WORKAROUND] = {ANSWER_WORKAROUND, "workaround",
	WORDS("workaround", "mitigation", "回避策", "緩和策", "軽減策",
	    "運用対策"),
	ANSWER_TEXT, .hint_en = "<what helps in system and surroundings>",
	.hint_ja = "<システム・環境における対策方法>"},
    [ANSWER_VERIFIED] = {ANSWER_VERIFIED, "verified",
	WORDS("verified", "対策確認", "対策方法の確認", "確認結果"),
	ANSWER_CHOICE, verified, .hint_en = "yes | no",
	.hint_ja = "問題なし | 問題あり"},
    [ANSWER_DECISION] = {ANSWER_DECISION, "decision",
	WORDS("decision", "決定", "対応方針", "方針"), ANSWER_CHOICE, decisions,
	.desk = true, .hint_en = "publish | customers only",
	.hint_ja = "公表 | 全顧客通知のみ"},
    [ANSWER_WEIGHING] = {ANSWER_WEIGHING, "weighing",
	WORDS("weighing", "reason", "理由", "判断理由", "勘案"), ANSWER_TEXT,
	.desk = true,
	.hint_en = "<risk that the finder publishes, burden of publishing>",
	.hint_ja = "<発見者公表のリスクと自社公表の負担をどう勘案したか>"},
    [ANSWER_CONSENT] = {ANSWER_CONSENT, "consent",
	WORDS("consent", "了解", "事前通知の了解"), ANSWER_CHOICE, consents,
	.desk = true, .guard = GUARD_CONSENT, .hint_en = "yes | no",
	.hint_ja = "了解 | 不可"},
    [ANSWER_AGREEMENT] = {ANSWER_AGREEMENT, "agreement",
	WORDS("agreement", "合意", "公表不要の合意"), ANSWER_CHOICE, agreements,
	.desk = true, .guard = GUARD_AGREEMENT, .hint_en = "yes | no",
	.hint_ja = "合意 | 合意せず"},
    [ANSWER_MEDIATION] = {ANSWER_MEDIATION, "mediation",
	WORDS("mediation", "仲介"), ANSWER_CHOICE, mediations, .desk = true,
	.hint_en = "accepted | refused", .hint_ja = "認める | 認めない"},
    [ANSWER_CANDIDATE] = {ANSWER_CANDIDATE, "candidate",
	WORDS("candidate", "date", "候補", "候補日", "希望日"), ANSWER_DATE,
	.many = true, .hint_en = "<YYYY-MM-DD HH:MM>",
	.hint_ja = "<YYYY-MM-DD HH:MM>"},
    [ANSWER_PUBLISH] = {ANSWER_PUBLISH, "publish",
	WORDS("publish", "publication date", "公表日", "公表日時", "公開日"),
	ANSWER_DATE, .desk = true, .hint_en = "<YYYY-MM-DD HH:MM>",
	.hint_ja = "<YYYY-MM-DD HH:MM>"},
    [ANSWER_OK] = {ANSWER_OK, "ok",
	WORDS("ok", "no objection", "異議なし", "異議", "内容確認", "承認"),
	ANSWER_CHOICE, objections, .hint_en = "yes | no",
	.hint_ja = "異議なし | 異議あり"},
    [ANSWER_COMMENT] = {ANSWER_COMMENT, "comment",
	WORDS("comment", "コメント", "意見", "修正点"), ANSWER_TEXT,
	.many = true, .hint_en = "<your opinion, what ought to be changed>",
	.hint_ja = "<ご意見、修正してほしい点>"},
    [ANSWER_QUESTION] = {ANSWER_QUESTION, "question",
	WORDS("question", "質問", "不明点"), ANSWER_TEXT, .many = true,
	.exploit = true, .hint_en = "<what you need to know>",
	.hint_ja = "<発見者に確認したい点>"},
    [ANSWER_REPLY] = {ANSWER_REPLY, "answer", WORDS("answer", "回答", "答え"),
	ANSWER_TEXT, .many = true, .exploit = true,
	.hint_en = "<to the question>", .hint_ja = "<質問への回答>"},
    [ANSWER_URL] = {ANSWER_URL, "url", WORDS("url", "公表url", "掲載url"),
	ANSWER_WEB, .desk = true, .hint_en = "<https://…>",
	.hint_ja = "<https://…>"},
    [ANSWER_JVN] = {ANSWER_JVN, "jvn", WORDS("jvn", "jvn番号"), ANSWER_TEXT,
	.desk = true, .hint_en = "<JVN#…>", .hint_ja = "<JVN#…>"},
    [ANSWER_CVE] = {ANSWER_CVE, "cve", WORDS("cve", "cve番号"), ANSWER_TEXT,
	.many = true, .hint_en = "<CVE-YYYY-N>", .hint_ja = "<CVE-YYYY-N>"},
    [ANSWER_CREDIT] = {ANSWER_CREDIT, "credit",
	WORDS("credit", "謝辞", "発見者名"), ANSWER_TEXT, .desk = true,
	.hint_en = "<the finder's name as it wants it>",
	.hint_ja = "<謝辞に載せる名前>"},
    [ANSWER_CREDIT_OK] = {ANSWER_CREDIT_OK, "credit ok",
	WORDS("credit ok", "謝辞掲載", "謝辞の可否"), ANSWER_CHOICE, yes_no,
	.desk = true, .hint_en = "yes | no", .hint_ja = "可 | 不可"},
    [ANSWER_SHARE_NAME] = {ANSWER_SHARE_NAME, "share name",
	WORDS("share name", "情報源の開示", "発見者情報の提供"), ANSWER_CHOICE,
	yes_no, .desk = true, .hint_en = "yes | no", .hint_ja = "可 | 不可"},
    [ANSWER_JVN_WANTED] = {ANSWER_JVN_WANTED, "jvn wanted",
	WORDS("jvn wanted", "jvn公表", "jvn公表希望", "jvn公表の希望"),
	ANSWER_CHOICE, yes_no, .desk = true, .hint_en = "yes | no",
	.hint_ja = "有 | 無"},
    [ANSWER_INFRASTRUCTURE] = {ANSWER_INFRASTRUCTURE, "infrastructure",
	WORDS("infrastructure", "優先提供", "優先提供日", "重要インフラ"),
	ANSWER_DATE, .desk = true, .hint_en = "<YYYY-MM-DD>",
	.hint_ja = "<YYYY-MM-DD>"},
    [ANSWER_OEM] = {ANSWER_OEM, "oem", WORDS("oem", "oem先", "oem委託先"),
	ANSWER_TEXT, .many = true, .hint_en = "<a partner concerned>",
	.hint_ja = "<関係するOEM先>"},
    [ANSWER_OEM_BY] = {ANSWER_OEM_BY, "oem by",
	WORDS("oem by", "oem連絡", "oem先への連絡"), ANSWER_CHOICE, tellers,
	.desk = true, .hint_en = "us | jpcert", .hint_ja = "自社 | JPCERT/CC"},
    [ANSWER_ADVISORY] = {ANSWER_ADVISORY, "advisory",
	WORDS("advisory", "公表文", "アドバイザリ"), ANSWER_TEXT, .desk = true,
	.hint_en = "<the text to be published>", .hint_ja = "<公表する文面>"},
    [ANSWER_NOTE] = {ANSWER_NOTE, "note", WORDS("note", "備考", "補足", "メモ"),
	ANSWER_TEXT, .many = true, .exploit = true,
	.hint_en = "<anything else>", .hint_ja = "<その他>"},
    [ANSWER_COUNTRY] = {ANSWER_COUNTRY, "country",
	WORDS("country", "国", "国・地域", "情報源の国", "情報源の国・地域"),
	ANSWER_TEXT, .desk = true, .hint_en = "<of the source>",
	.hint_ja = "<情報源の国・地域>"},
    [ANSWER_TRIED] = {ANSWER_TRIED, "tried",
	WORDS("tried", "経緯", "これまでの対応", "試みた連絡"), ANSWER_TEXT,
	.many = true, .desk = true,
	.hint_en = "<what was done to come to terms with the source>",
	.hint_ja = "<情報源との調整のためにこれまで行ったこと>"},
};

const struct answer_rule *
answer_rule(enum answer_kind kind)
{
	if (kind <= 0 || kind >= ANSWER_KIND_COUNT)
		return NULL;
	return &rules[kind];
}

/* ---- words made alike ---- */

/* Blanks and what stands for them tell no two words apart. */
static bool
is_gap(uint32_t c)
{
	return c <= ' ' || c == '-' || c == '_' || c == 0x7f || c == 0x30fb;
}

/* Beside text_plain(): no gaps, hiragana for katakana.  NULL: memory. */
static char *
fold_word(const void *ctx, const char *word)
{
	struct plain_text plain;
	char *to;
	size_t left;
	size_t step;
	uint32_t c;

	if (!text_plain(ctx, word, strlen(word), &plain))
		return NULL;
	to = plain.text;
	left = plain.len;
	for (const char *at = plain.text; (step = text_next(at, left, &c)) > 0;
	     at += step, left -= step) {
		if (is_gap(c))
			continue;
		/* Both take three bytes: U+30A1 to U+30F6, and 60 lower. */
		if (c >= 0x30a1 && c <= 0x30f6) {
			c -= 0x60;
			*to++ = (char)0xe3;
			*to++ = (char)(0x80 | (c >> 6 & 0x3f));
			*to++ = (char)(0x80 | (c & 0x3f));
			continue;
		}
		memmove(to, at, step);
		to += step;
	}
	*to = '\0';
	return plain.text;
}

static bool
is_among(const char *word, const char *const *words)
{
	void *ctx = talloc_new(NULL);
	const char *folded = fold_word(ctx, word);
	bool found = false;

	for (; folded != NULL && folded[0] != '\0' && *words != NULL && !found;
	     words++) {
		const char *known = fold_word(ctx, *words);

		found = known != NULL && strcmp(folded, known) == 0;
	}
	talloc_free(ctx);
	return found;
}

const struct answer_rule *
answer_by_word(const char *word)
{
	for (size_t i = 1; word != NULL && i < ANSWER_KIND_COUNT; i++)
		if (is_among(word, rules[i].words))
			return &rules[i];
	return NULL;
}

const struct answer_choice *
answer_choice(const struct answer_rule *rule, const char *value)
{
	if (rule == NULL || value == NULL || rule->choices == NULL)
		return NULL;
	for (const struct answer_choice *c = rule->choices; c->name != NULL;
	     c++)
		if (is_among(value, c->words))
			return c;
	return NULL;
}

bool
answer_is_hint(const struct answer_rule *rule, const char *value)
{
	return is_among(
	    value, (const char *const[]){rule->hint_en, rule->hint_ja, NULL});
}

bool
flow_step_expects(
    const struct flow_step *step, const char *const *words, size_t nwords)
{
	for (size_t i = 0; i < nwords; i++) {
		char *word =
		    talloc_strndup(NULL, words[i], strcspn(words[i], "="));
		const struct answer_rule *rule = answer_by_word(word);

		for (size_t k = 0; rule != NULL && k < step->nexpects; k++)
			if (step->expects[k] == rule->kind) {
				talloc_free(word);
				return true;
			}
		talloc_free(word);
	}
	return false;
}
