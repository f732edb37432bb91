"""Words of mood in English and Persian, written for this project, with the words that turn them round.

The features of :mod:`enrich.features` count them, so a model can judge a mood that its training
rows never named. A list is part of the shipped weights: change it and train again.
"""

from __future__ import annotations

GOOD, BAD, NOT_BEFORE, NOT_AFTER = 1, -1, 2, 3
"""Kinds of words. NOT_BEFORE turns what follows (English), NOT_AFTER what stands before it (Persian)."""

WEIGHT = 6
"""As how many n-grams one word of mood counts."""

_EN_GOOD = """
good great awesome amazing excellent fantastic wonderful perfect brilliant superb lovely nice best better love loved
loves loving liked enjoy enjoyed enjoying enjoyable happy happier glad pleased pleasure delighted delightful thrilled
excited exciting impressed impressive thank thanks thx ty thankyou grateful appreciate appreciated appreciates kudos
congrats congratulations props shoutout bravo yay woohoo hooray wow cool sweet fun funny hilarious beautiful gorgeous
stunning cute adorable helpful friendly kind polite courteous professional smooth smoothly easy fast quick quickly
prompt efficient reliable responsive comfortable comfy clean safe fresh delicious tasty yummy recommend recommended
favorite favourite win winner winning won success successful outstanding exceptional phenomenal incredible terrific
rock rocks rocked rocking solid classy gem heaven blessed proud fabulous fab epic neat handy useful intuitive
seamless lifesaver saved rescued resolved fixed solved improved improvement smile smiling cheers welcome generous
thoughtful caring gracious hope hopeful optimistic lucky peace relaxed joy joyful celebrate celebrating worth
satisfied satisfying smart genius haha lol lmao xoxo hugs stoked pumped psyched superior flawless magical charming
elegant affordable bargain
"""
_EN_BAD = """
bad terrible horrible awful worst worse poor poorly pathetic lousy crap crappy shit shitty sucks suck sucked fuck
fucking fucked wtf damn hell hate hated hates hating angry mad furious annoyed annoying annoys irritated irritating
frustrated frustrating frustration upset disappointed disappointing disappointment disappoint disgusted disgusting
disgrace disgraceful unacceptable ridiculous absurd joke laughable fail failed fails failing failure fault faulty
broken broke break breaks crash crashes crashed crashing bug bugs buggy glitch glitches error errors issue issues
problem problems trouble wrong incorrect mistake mess messed nightmare disaster catastrophe hell chaos useless
worthless pointless waste wasted wasting slow slower laggy lag late delay delays delayed delaying cancel cancelled
canceled cancels cancellation cancelling lost lose losing missing missed miss stuck stranded waiting waited wait
hours forever never refuse refused refuses denied deny ignore ignored ignoring ignores rude unprofessional
incompetent incompetence careless clueless unhelpful lazy liar lie lied lies lying dishonest scam scammed scammers
fraud fraudulent stolen steal stealing thief theft rip ripoff overpriced expensive overcharged charged refund
complaint complain complaining sad sadly cry crying cried tears hurt hurts pain painful sick tired exhausted ill dead
die died dying kill killed killing dirty filthy nasty gross stink stinks smelly cold rotten stale bland tasteless
damaged scratched defective leak leaking ugly boring bored dull lame stupid dumb idiot idiots idiotic moron insane
crazy shame shameful ashamed embarrassing embarrassed sorry unfortunately unfair unsafe dangerous danger scared scary
afraid fear worried worry worrying anxious panic threat threatened attack terror terrorist war racist racism sexist
abuse abused abusive harassment corrupt corruption guilty crime criminal unreliable unresponsive unusable unable
cannot impossible disconnected outage offline downgrade blocked declined rejected misled misleading false fake bogus
nonsense bs hopeless helpless depressed depressing depression miserable misery lonely regret regrets avoid beware
boycott garbage trash rubbish junk sloppy neglected worsened ruined ruin ruins destroyed fuming livid outraged
outrage appalled appalling dreadful inexcusable inconvenience inconvenient hassle confusing confused ugh smh grr argh
meh facepalm
"""
_EN_NOT = """
not no never none nothing nobody neither nor without hardly barely scarcely lack lacks lacking dont doesnt didnt isnt
arent wasnt werent wont wouldnt cant cannot couldnt shouldnt hasnt havent hadnt aint nt unlikely zero
"""
_FA_GOOD = """
خوب خوبه خوبم خوبی خوبیه خوبن خوبین خوبید خوبست بهترین بهتر بهتره عالی عالیه عالیست عالین عالی‌ترین محشر محشره
فوق‌العاده العاده معرکه بینظیر بی‌نظیر نظیر عالیی خوشمزه خوشمزس خوشمزه‌ترین لذیذ تازه گرم داغ تمیز زیبا زیباست قشنگ
قشنگه خوشگل خوشگله شیک جذاب ناز باحال باحاله دلنشین دلچسب لذت لذتبخش راضی راضیم راضی‌ام رضایت ممنون ممنونم ممنونیم
ممنون‌ام مرسی تشکر متشکر متشکرم سپاس سپاسگزار سپاسگزارم سپاسگذار سپاسگزاریم دمت دمتون دمشون گرمم آفرین احسنت تبریک
مبارک مبارکه موفق موفقیت پیروز پیروزی قهرمان برنده شاد شادم شادی خوشحال خوشحالم خوشحالیم خوشحالی عشق عاشق عاشقتم
عاشقشم عاشقم دوستش دوستت دوستتون عزیز عزیزم عزیزان قربون قربونت فدات فدای نازنین گل گلم مهربون مهربان مودب محترم
محترمانه حرفه‌ای سریع سریعه سریعترین بموقع به‌موقع پرسرعت پرقدرت قدرتمند قوی باکیفیت کیفیتش ارزشمند می‌ارزه میارزه
ارزید ارزون ارزان مناسب مناسبه مقرون توصیه پیشنهاد روان روون راحت راحته آسون آسان کاربردی مفید مفیده کامل کامله
بی‌نقص بینقص درجه‌یک مطمئن امن امید امیدوارم خداقوت خسته‌نباشید زنده‌باد درود سلامت باد خیر برکت آرامش ایول دمتگرم
حال‌خوب خنده لبخند ماشالله ماشاالله ماشالا بیستمه بیسته یک‌دونه تک تکه شاهکار حرف‌نداره ترکوندین ترکوندی گل‌کاشتین
مرحبا لطیف ترد خوشبو جادار بادوام خوش‌دست خوشدست خوش‌ساخت عالیه‌ واقعاعالی
"""
_FA_BAD = """
بد بده بدم بدی بدیه بدتر بدترین بدترینه افتضاح افتضاحه افتضاحی مزخرف مزخرفه مضخرف مسخره مسخرس مسخره‌ست مسخره‌اید
داغون داغونه خراب خرابه خرابی ضعیف ضعیفه ضعف مشکل مشکله مشکلی مشکلات ایراد اشکال خطا ارور قطع قطعه قطعی قطعی‌ها کند
کنده کندی فاجعه فاجعس فاجعه‌ست مصیبت بلا بدبخت بدبختی بیچاره متاسفم متاسفانه تاسف متأسفم حیف حیفه شرم شرمتون شرم‌آور
خجالت خجالتم بکشید بکشین دروغ دروغه دروغگو دروغگوها دروغگوی دزد دزدی دزدا دزدها دزدین دزدید کلاهبردار کلاهبرداری
کلاه‌برداری کلاهبردارا فریب فریبکار گول سرکاری سرکار اختلاس رشوه فساد فاسد خائن خیانت ظلم ظالم نامرد نامردا بی‌شرف
بیشرف بی‌شعور بیشعور احمق خر الاغ گاو سگ کثافت آشغال اشغال گوه گه لعنت لعنتی مرگ مرده مردم‌آزار گندتون گند گندش
گندیده کپک بدمزه تلخ شور سوخته سرد یخ خام نپخته مونده مانده بیات کهنه کثیف چرک بوی بدبو مو سوسک حالم‌بهم تهوع مسموم
مسمومیت خفه خسته خستمون عصبی عصبانی عصبانیم کلافه کلافه‌ام ناراحت ناراحتم ناراضی ناراضیم نارضایتی شاکی شکایت اعتراض
معترض پشیمون پشیمان پشیمونم ناامید ناامیدکننده غمگین غم غصه گریه درد رنج زجر عذاب بدقول بدقولی تاخیر تأخیر دیر معطل
معطلی علاف الاف بیخود بی‌خود بیخودی الکی بی‌کیفیت بیکیفیت بی‌کیفیته بی‌ارزش بی‌ادب بی‌احترامی توهین بی‌مسئولیت
بی‌مسولیت بی‌توجه بی‌توجهی بی‌عرضه بیعرضه بی‌لیاقت بی‌کفایت گرون گرونه گران گرانی گرونی گرانفروش غارت چپاول جیب باج
پول‌پرست فیلتر فیلترینگ محدود مسدود بسته بن نقص ناقص شکسته شکست ترک پاره خط‌وخش معیوب تقلبی فیک قلابی تقلب آزار اذیت
ترس خطر خطرناک وحشتناک جنگ سقوط تحریم نابود نابودی نابودم حرومه حروم حرام نفرین خاک برسرتون چرت چرنده چرند اراجیف وای
افسوس هرگز متنفر متنفرم نفرت منزجر زباله ضایع ضایعه آبروریزی
"""
_FA_NOT = """
نیست نیستم نیستن نیستند نیستین نبود نبودم نبودن نبودند نباشه نباشد نشد نشده نمیشه نمی‌شود نمیشود ندارد نداره ندارم
ندارن نداشت نداشتم نداشته ندارید ندارین ندادن نداد نمیده نمی‌دهد نکنید نکنین نکردم نمیکنم نمی‌کنم نمیکنه
"""


def moods() -> dict[int, frozenset[str]]:
    """The words by kind (GOOD, BAD, NOT_BEFORE, NOT_AFTER); no word has two kinds."""
    bad = frozenset((_EN_BAD + _FA_BAD).split())
    before, after = frozenset(_EN_NOT.split()), frozenset(_FA_NOT.split())
    bad -= before | after
    good = frozenset((_EN_GOOD + _FA_GOOD).split()) - bad
    return {GOOD: good, BAD: bad, NOT_BEFORE: before, NOT_AFTER: after}
