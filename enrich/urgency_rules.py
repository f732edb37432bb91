"""What makes a post urgent: a table of rules that anyone can read, weigh and correct.

A phrase is written folded as :func:`enrich.features.read` folds (no apostrophes, no half-spaces,
ا for آ, digits as 0). A star at the end of a word matches every ending. Where several phrases of a
rule are found it counts once.
"""

from __future__ import annotations

from msgspec import Struct


class Rule(Struct, frozen=True):
    """One reason, in points, with the phrases that show it, separated by semicolons."""

    name: str
    points: float
    phrases: str


RULES = (
    Rule(
        "money lost",
        2.6,
        """
        drain*; robbed; snatched; mugged; emptying; wasnt me; was not me; in my name; phishing; phished; identity
        theft; never made this; leaked; data breach; without my consent; stolen; stole; fraud*; unauthori*; scammed;
        hacked; money is gone; money disappeared; money vanished; charged twice; charged me twice; double charged;
        debited twice; taken twice; took my money; taken from my account; withdrawn from my account; without my
        permission; dont recogni*; didnt recogni*; do not recogni*; did not make this; didnt make this; didnt
        authori*; someone used my; someone is using my; someone else is using; account was emptied; account is
        empty; emptied my;
        کش رفت*; خالی کرد*; خالی شد*; برداشت کرد*; برداشت میکن*; من انجام ندادم; کار من نیست; کار من نبود; بی خبر از
        من; خبر نداشتم; پریده; غیب شد*; ناپدید شد*; جعل*; نشت اطلاعات; لو رفت*; دزدید*; سرقت; کلاهبردار*; هک شد*; هک
        کرد*; برداشت غیرمجاز; برداشت مشکوک; بدون اجازه; بدون اطلاع من; پولم رفت*; پولم نیست; پولم برنگشت*; پولم رو
        خورد*; پولمو خورد*; پول ما رو خورد*; حسابم خالی*; حسابمو خالی*; حسابم رو خالی*; دوبار کم شد*; دو بار کم شد*;
        دوبار کسر شد*; دو بار کسر شد*; دوبار برداشت*; از حسابم کم شد*; از حسابم کسر شد*; از حسابم برداشت*; پول کم
        شده; فیشینگ;
        """,
    ),
    Rule(
        "locked out",
        2.0,
        """
        card was swallowed; ate my card; blocked; locked in; cant get into; lost access; card is blocked; card
        blocked; blocked my card; blocked my account; account is blocked; account blocked; account locked; account
        is locked; locked out; locked me out; frozen; froze my; suspended; swallowed; lost my card; lost my wallet;
        lost card; card got lost; my card is missing; cant log in; cant login; cannot log in; cant access; cannot
        access; no access to;
        قورت داد*; خورد کارت*; سوزوند*; حساب مسدود; قفل شد*; دسترسیم قطع*; کارتم گم شد*; کارتم رو گم*; کارتمو گم*;
        کارتم مسدود*; کارتم بسته*; کارتم بلوکه*; کارتمو خورد*; کارتم رو خورد*; کارت رو خورد*; حسابم مسدود*; حسابم
        بسته*; حسابم بلوکه*; حسابم قفل*; مسدود شد*; بلوکه; وارد حسابم نمی*; نمیتونم وارد*; نمیتوانم وارد*; دسترسی
        ندارم; گوشیم گم شد*; گوشیمو دزدید*;
        """,
    ),
    Rule(
        "now",
        1.7,
        """
        tomorrow; tonight; in two hours; in three hours; rent; eviction; evict*; payday; medicine; surgery; urgent*;
        asap; immediately; right now; right away; emergency; as soon as possible; straight away; time sensitive;
        deadline; by tonight; by tomorrow; before tomorrow; today is the last; last day; in an hour; in 0 hour*; in
        00 hour*; in 0 minutes; in 00 minutes; within the hour; boarding; flight leaves; flight is tomorrow; flight
        tomorrow; leaving tomorrow; stranded; stuck at; stuck in;
        فردا صبح; فرداست; امروزه; دارو; عمل; جراحی; چک فردا*; برگشت میخور*; کرایه; اجاره ام; سریع جلو*; جلوش رو
        بگیر*; فوری; فوریه; فورا; فوریت; اورژانس*; اضطراری; هرچه سریعتر; هر چه سریعتر; هرچه زودتر; هر چه زودتر;
        سریعا; همین الان; تا فردا; تا امشب; تا اخر امروز; تا یک ساعت; تا نیم ساعت; مهلت*; اخرین روز; اخرین فرصت;
        فردا پرواز*; امشب پرواز*; پروازم; گیر کردم; گیر افتاد*; وسط راه; عجله دارم; زود جواب بد*;
        """,
    ),
    Rule(
        "safety",
        3.0,
        """
        smells like gas; smell gas; smell of gas; burning; choking; choked; threaten*; trapped; jammed with;
        medication; pills; ambulance; hospital*; injur*; bleeding; fire; smoke; on fire; caught fire; explod*; gas
        leak; electric shock; allergic; poison*; food poisoning; unsafe; dangerous; suicid*; kill myself; threatened
        me; in danger;
        تهدید*; گیر افتاد*; خفه; امداد*; سوختگی; شوکه; سقوط کرد; اتیش*; اتش*; دود بلند*; دود میاد; منفجر*; انفجار;
        نشت گاز; بوی گاز; برق گرفت*; مسموم*; بیمارستان; امبولانس; زخمی; خونریزی; خطرناک*; جونم; جان مردم; خودکشی;
        خودمو میکشم; تهدیدم*;
        """,
    ),
    Rule(
        "outage",
        2.2,
        """
        total outage; phones are dead; went dead; line is dead; losing customers; losing thousands; losing money;
        outage; is down; are down; been down; went down; completely down; still down; not working at all; stopped
        working; nothing works; wont open; cant pay; cannot pay; cant withdraw; keeps crashing; whole city; everyone
        is affected; no service; no internet; no signal; no power;
        انتن نداره; انتن ندار*; خوابیده; کار نمیکنه هیچی; از دسترس خارج*; سامانه; کلا قطع*; قطع شد*; قطعه; قطع است;
        قطعی; از کار افتاد*; داون شد*; داونه; سرورتون; بالا نمیاد; باز نمیشه; هیچی کار نمی*; نمیتونم پرداخت*; پرداخت
        نمیشه; انتن نداریم; نت نداریم;
        """,
    ),
    Rule(
        "law and press",
        2.6,
        """
        regulators; tribunal; data protection; gdpr; expose you; lawyer*; attorney; legal action; solicitor; sue
        you; suing; sue; court; police; ombudsman; regulator; consumer protection; file a complaint; filing a
        complaint; report you; reporting you; reported you; press; journalist*; newspaper; going viral; the media;
        رسانه*; افشا*; ابروی; وکیل*; شکایت قضایی; دادگاه; دادسرا; دادستان*; پلیس*; فتا; پیگیری قانونی; قانونی
        پیگیر*; شکایت میکن*; شکایت خواه*; شکایت رسمی; تعزیرات; بازرسی; بانک مرکزی; سازمان حمایت; رسانه ای*; رسانه
        ها; خبرنگار*; ابروتون;
        """,
    ),
    Rule(
        "asked again",
        1.3,
        """
        third time; fourth time; fifth time; second time; times already; many times; several times; how many times;
        still no; still not; still havent; still waiting; no one answers; nobody answers; no one answer*; no reply;
        no response; no one replies; nobody replies; no answer; on hold for; been waiting; for days; for weeks; 0
        days; 00 days; 0 weeks; keep ignoring; ignoring me; every day i;
        بار چندم; چندمین بار; سومین بار; چهارمین بار; دومین بار; چند بار; چندبار; صد بار; صدبار; هزار بار; بازم;
        هنوز جواب*; هنوز هیچ*; هنوز نیومد*; هنوز نرسید*; هنوز درست نشد*; جواب نمیدید; جواب نمیدین; جواب نمیدن; جواب
        نداد*; کسی جواب*; پاسخگو نیست*; پاسخ نمی*; روزه منتظر*; 0 روزه; 00 روزه; هفته س; هفته است; یه هفته*; یک
        هفته*;
        """,
    ),
    Rule(
        "complaint",
        1.0,
        """
        isnt; arent; doesnt; didnt; dont; cant; wont; wasnt; couldnt; never; broke; lost; annoying; ripped; twice;
        buffering; rubbish; sucks; keeps; still waiting; broken; wrong; problem*; issue*; error*; bug*; fail*;
        doesnt work; does not work; not work*; isnt working; cancel*; delay*; late; missing; refund*; overcharged;
        declined; rejected; complain*; terrible; awful; worst; unacceptable; disappointed; disappointing; poor;
        rude; useless; slow; never arrived; hasnt arrived; havent received; didnt receive; not received; damaged;
        cold; crash*;
        نداره; نداشت; نبود; نیست; نشده; نشدم; پاره; بد; سرد; بهم ریخت*; به هم ریخت*; دوبار; دو بار; گم کرد*; کسر*;
        ناقص*; راضی نبود*; راضی نیست*; خراب*; مشکل*; خطا; ارور; ایراد; اشکال; افتضاح*; ضعیف*; کند*; دیر; تاخیر;
        لغو*; کنسل*; نرسید*; نیومد*; کار نمیکن*; کار نمی*; نمیشه; نشد; شکسته; اشتباه*; پس بدین; پس بدید; برگردون*;
        برگشت وجه; ناراضی*; شکایت*; بدترین; گرون*; بی ادب*; بدقول*; مسخره*; متاسفانه;
        """,
    ),
    Rule(
        "question",
        0.9,
        """
        ?; how do i; how can i; how to; can you; could you; can i; please help; help me; need help; please; pls;
        plz; do you; is there; what is; where is; when will; why;
        ؟; لطفا; لطف کن*; خواهش*; چرا; چطور*; چجوری; چگونه; کی میاد; کجا; چقدر; ایا; راهنمایی*; کمکم کن*; کمک کن*;
        میشه; میتونم; پیگیری کن*; رسیدگی*; جواب بد*;
        """,
    ),
    Rule(
        "no hurry",
        -1.2,
        """
        no rush; no hurry; not urgent; isnt urgent; whenever you; just curious; just wondering; thank*; thx; love*;
        great; awesome; amazing; excellent; congrat*; well done; resolved; sorted; happy birthday;
        عجله ای نیست; عجله ندارم; فوری نیست; هر وقت*; سر فرصت; ممنون*; مرسی; تشکر; سپاس*; دمتون; دمت; عالی*; خوبه;
        راضی*; تبریک*; حل شد*; درست شد; خسته نباشید;
        """,
    ),
)
