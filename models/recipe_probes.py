"""The fixed texts whose preparation is a recipe's fingerprint. A change here changes every fingerprint: do not edit.

First every character of the blocks that Arabic text is made of, three times each between letters and digits; then one
text for every rule that looks at more than a character. All code points are old enough to mean the same in every
Python that mujaz runs on.
"""

from __future__ import annotations

# (first, last) of a block
_BLOCKS = (
    (0x21, 0x7E), (0xA0, 0xFF), (0x600, 0x604), (0x606, 0x61B), (0x61E, 0x6FF), (0x750, 0x77F), (0x200B, 0x2064),
    (0xFB50, 0xFBC1), (0xFBD3, 0xFD3F), (0xFD50, 0xFD8F), (0xFD92, 0xFDC7), (0xFDF0, 0xFDFD), (0xFE70, 0xFE74),
    (0xFE76, 0xFEFC), (0xFEFF, 0xFEFF), (0xFF01, 0xFF5E), (0x2600, 0x2615), (0x1F600, 0x1F61F), (0x1F900, 0x1F90F),
)  # fmt: skip

_RULES = (
    "كتب ahmed@example.com ثم info@a.b.org,نشر",
    "انظر http://t.co/abc?x=1&copy=2 وwww.example.com/a و example.co و HTTP://X.COM وx.com",
    "قالت@user_1 و @مستخدم: والهاشتاق #عاجل_اليوم",
    "<b>خبر</b> عاجل<br />جديد و5 < 6 و7 > 3 <!-- x --> <URL> <USER>",
    "&quot;نص&quot; &amp;amp; &amp;lt;b&amp;gt; &nbsp;R&D &#1571;&#x627; &copy= &copy",
    "هههههههه رااااائع!!!! 11111 .... ؟!؟! htttp://x",
    "عام ١٩٩٥ و۲۰۲۰ و2020م وم5م6م a5م5b 5/6 3.14 ٣٫٥ ١٬٠٠٠",
    "السَّلامُ عليكُم هٰذا ءامنوا مرحبـــاً",
    "«اقتباس» — “نص” … [رابط] [ بريد ] [x] (12/مارس/2005]",
    "أ\u0654 ا\u0653 ا\u0654 ا\u0655 و\u0654 ي\u0654 ى\u0654",
    "👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽 🇸🇦 1\ufe0f\u20e3 ك\u200dت",
    "  سطر \t أول\r\n\nسطر\u00a0ثان\u3000 ",
    "\ud83d\ude02 \ud800 \x00 \x1f \ufffd",
    "مكتبتكم وبكتابكم فالكتاب للمدرسة كالبيت لكنك",
)

PROBES = (
    *(
        "".join(f"م{chr(n)}م{chr(n)}5 {chr(n) * 3}a{chr(n)} " for n in range(first, last + 1))
        for first, last in _BLOCKS
    ),
    *_RULES,
)
