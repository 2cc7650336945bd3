//! Questions from the first draft to a published version, by people in their roles.

use super::ROUNDS;
use super::refused;
use crate::harness::Server;
use crate::harness::desk::Clerk;
use serde_json::Value;
use serde_json::json;

/// A question that nothing is missing from.
pub(super) fn draft(stem: &str) -> Value {
    json!({
        "kind": "single",
        "topic": "卫生健康",
        "difficulty": 2,
        "stem": stem,
        "options": ["甲", "乙", "丙", "丁"],
        "key": [1],
        "explanation": "乙是对的。",
        "source": "教材",
    })
}

/// An editor, three reviewers and the administrator, around a new bank `kexue` with so many reviews.
pub(super) struct Office {
    pub(super) server: Server,
    pub(super) first: Clerk,
    pub(super) editor: Clerk,
    pub(super) reviewers: Vec<Clerk>,
}

impl Office {
    pub(super) async fn with_reviews(reviews: u8) -> Office {
        let server = Server::of(ROUNDS).await;
        let mut first = server.first_administrator().await;
        let bank = json!({"id": "tiku", "name": "题库", "reviews": reviews});
        let (status, made) = first.post("/banks", bank).await;
        assert_eq!(status, 201, "{made}");
        let editor = server.colleague(&mut first, "luhao", json!([{"role": "editor", "bank": "tiku"}])).await;
        let mut reviewers = Vec::new();
        for login in ["wei", "huang", "meng"].into_iter().take(usize::from(reviews)) {
            reviewers.push(server.colleague(&mut first, login, json!([{"role": "reviewer", "bank": "tiku"}])).await);
        }
        Office { server, first, editor, reviewers }
    }

    /// Writes a question; returns it.
    pub(super) async fn written(&mut self, stem: &str) -> Value {
        let (status, question) = self.editor.post("/banks/tiku/questions", json!({"draft": draft(stem)})).await;
        assert_eq!(status, 201, "{question}");
        question
    }

    /// Writes a question and has it approved by everybody; returns its id.
    async fn approved(&mut self, stem: &str) -> String {
        let question = self.written(stem).await;
        let id = question["id"].as_str().unwrap().to_owned();
        self.reviewed(&id, 1).await;
        id
    }

    /// Submits a revision and has it approved by everybody.
    async fn reviewed(&mut self, id: &str, revision: u64) {
        let at = json!({"revision": revision});
        done(self.editor.post(&format!("/questions/{id}/submit"), at.clone()).await);
        for reviewer in &mut self.reviewers {
            done(reviewer.post(&format!("/questions/{id}/approve"), at.clone()).await);
        }
    }

    async fn publish(&mut self, reason: &str) -> Value {
        self.reviewers[0].confirm(&self.server).await;
        let (status, told) = self.reviewers[0].post("/banks/tiku/publish", json!({"reason": reason})).await;
        assert_eq!(status, 201, "{told}");
        told
    }
}

/// The call did what was asked.
#[track_caller]
pub(super) fn done(told: (u16, Value)) -> Value {
    super::done(told, 200)
}

#[tokio::test]
async fn a_question_goes_through_one_two_or_three_reviews_by_different_people() {
    for reviews in 1..=3 {
        let mut office = Office::with_reviews(reviews).await;
        let question = office.written("哪一个是对的？").await;
        let id = question["id"].as_str().unwrap();
        let path = |act: &str| format!("/questions/{id}/{act}");
        assert_eq!(question["state"], "draft");
        let at = json!({"revision": 1});
        done(office.editor.post(&path("submit"), at.clone()).await);

        // Back once, with a reason that the editor sees; then again.
        let back = json!({"revision": 1, "reasons": "请写明出处的版次"});
        let returned = done(office.reviewers[0].post(&path("return"), back).await);
        assert_eq!(
            (&returned["state"], &returned["reasons"][0]["text"]),
            (&json!("returned"), &json!("请写明出处的版次"))
        );
        let (_, list) = office.editor.get("/banks/tiku/questions?state=returned").await;
        assert_eq!(list["items"][0]["returned_reason"], "请写明出处的版次");
        let mut mended = draft("哪一个是对的？");
        mended["source"] = json!("教材，2026 年版");
        done(office.editor.put(&format!("/questions/{id}"), json!({"revision": 1, "draft": mended})).await);
        let at = json!({"revision": 2});
        done(office.editor.post(&path("submit"), at.clone()).await);

        for number in 0..usize::from(reviews) {
            let reviewer = &mut office.reviewers[number];
            assert_eq!(done(reviewer.get("/review").await)["total"], 1);
            let told = done(reviewer.post(&path("approve"), at.clone()).await);
            let last = number + 1 == usize::from(reviews);
            assert_eq!(told["state"], if last { "approved" } else { "submitted" });
            assert_eq!(told["stage"], json!({"done": number + 1, "of": reviews}));
            assert_eq!(done(reviewer.get("/review").await)["total"], 0, "nobody is asked twice");
            if !last {
                refused(reviewer.post(&path("approve"), at.clone()).await, 403, "forbidden");
            }
        }
        office.server.stop().await.unwrap();
    }
}

#[tokio::test]
async fn nobody_approves_what_they_wrote_or_edited() {
    let mut office = Office::with_reviews(1).await;
    let both = json!([{"role": "editor", "bank": "tiku"}, {"role": "reviewer", "bank": "tiku"}]);
    let mut both = office.server.colleague(&mut office.first, "nong", both).await;
    let (_, own) = both.post("/banks/tiku/questions", json!({"draft": draft("自己写的题？")})).await;
    let id = own["id"].as_str().unwrap().to_owned();
    let at = json!({"revision": 1});
    let submitted = done(both.post(&format!("/questions/{id}/submit"), at.clone()).await);
    assert_eq!(submitted["may"]["approve"], false);
    refused(both.post(&format!("/questions/{id}/approve"), at.clone()).await, 403, "forbidden");

    // Somebody else's question, once they have changed a word of it.
    let other = office.written("别人写的题？").await;
    let id = other["id"].as_str().unwrap().to_owned();
    let edited = json!({"revision": 1, "draft": draft("别人写的、我改过的题？")});
    done(both.put(&format!("/questions/{id}"), edited).await);
    done(office.editor.post(&format!("/questions/{id}/submit"), json!({"revision": 2})).await);
    refused(both.post(&format!("/questions/{id}/approve"), json!({"revision": 2})).await, 403, "forbidden");
    assert_eq!(done(both.get("/review").await)["total"], 0);

    let many = json!({"act": "approve", "filter": {"state": "submitted"}, "seen_at": i64::MAX});
    let told = done(both.post("/banks/tiku/bulk", many.clone()).await);
    assert_eq!((&told["done"], told["refused"].as_array().unwrap().len()), (&json!(0), 2));
    let told = done(office.reviewers[0].post("/banks/tiku/bulk", many).await);
    assert_eq!(told["done"], 2);
    let rows = office.first.audit("act=question.approved").await;
    assert_eq!(rows[0]["after"]["questions"].as_array().unwrap().len(), 2);
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_changed_since_the_list_was_read_is_not_approved_in_bulk() {
    let mut office = Office::with_reviews(1).await;
    let mut ids = Vec::new();
    for stem in ["没有变的题？", "刚刚改过的题？"] {
        let id = office.written(stem).await["id"].as_str().unwrap().to_owned();
        done(office.editor.post(&format!("/questions/{id}/submit"), json!({"revision": 1})).await);
        ids.push(id);
    }
    let seen_at = done(office.reviewers[0].get("/banks/tiku/questions?state=submitted").await)["as_of"].clone();
    office.server.advance(1);
    let edited = json!({"revision": 1, "draft": draft("改成了别的题？")});
    done(office.editor.put(&format!("/questions/{}", ids[1]), edited).await);
    done(office.editor.post(&format!("/questions/{}/submit", ids[1]), json!({"revision": 2})).await);
    let many = json!({"act": "approve", "filter": {"state": "submitted"}, "seen_at": seen_at});
    let told = done(office.reviewers[0].post("/banks/tiku/bulk", many).await);
    let refused_one = (&told["refused"][0]["id"], &told["refused"][0]["code"]);
    assert_eq!((&told["done"], refused_one), (&json!(1), (&json!(ids[1]), &json!("conflict"))));
    let unseen = json!({"act": "approve", "ids": ids});
    refused(office.reviewers[0].post("/banks/tiku/bulk", unseen).await, 400, "bad_request");
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_was_overtaken_is_shown_what_the_other_wrote() {
    let mut office = Office::with_reviews(1).await;
    let question = office.written("第一稿？").await;
    let id = question["id"].as_str().unwrap();
    let path = format!("/questions/{id}");
    let edit = |stem: &str| json!({"revision": 1, "draft": draft(stem)});
    done(office.editor.put(&path, edit("第二稿？")).await);
    let (status, told) = office.editor.put(&path, edit("另一个第二稿？")).await;
    assert_eq!((status, &told["code"]), (409, &json!("conflict")));
    assert_eq!((&told["newer"]["revision"], &told["newer"]["draft"]["stem"]), (&json!(2), &json!("第二稿？")));
    let same = json!({"revision": 2, "draft": draft(" 第二稿？ ")});
    assert_eq!(done(office.editor.put(&path, same).await)["revision"], 2, "the same text is no new revision");

    let (_, revisions) = office.editor.get(&format!("{path}/revisions")).await;
    let whats: Vec<&str> = revisions["items"].as_array().unwrap().iter().map(|r| r["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["written", "edited"]);
    let (_, told) = office.editor.get(&format!("{path}/revisions/1..2")).await;
    assert_eq!(told["changes"], json!([{"part": "stem", "before": "第一稿？", "after": "第二稿？"}]));
    let rows = office.first.audit(&format!("subject=question:{id}&act=question.edited")).await;
    assert_eq!(
        (&rows[0]["before"]["parts"]["stem"], &rows[0]["after"]["parts"]["stem"]),
        (&json!("第一稿？"), &json!("第二稿？"))
    );
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn versions_hold_what_was_approved_and_differ_by_what_came_went_and_changed() {
    let mut office = Office::with_reviews(1).await;
    let [kept, changed, rested] = [
        office.approved("不变的题？").await,
        office.approved("要改的题？").await,
        office.approved("要停用的题？").await,
    ];
    office.written("没有审过的题？").await;
    let (_, next) = office.reviewers[0].get("/banks/tiku/publish/preview").await;
    assert_eq!((&next["version"], &next["questions"], &next["added"]), (&json!(1), &json!(3), &json!(3)));
    // Whoever signed in a while ago shows once more that it is them.
    office.server.advance(5 * 60 * 1000);
    refused(office.reviewers[0].post("/banks/tiku/publish", json!({"reason": "第一版"})).await, 403, "confirm_first");
    let published = office.publish("第一版").await;
    assert_eq!((&published["version"], &published["questions"]), (&json!(1), &json!(3)));
    refused(office.reviewers[0].post("/banks/tiku/publish", json!({"reason": "再来"})).await, 409, "conflict");

    // An edit leaves the published text in the versions until it has been reviewed.
    let edited = json!({"revision": 1, "draft": draft("改过的题？")});
    let told = done(office.editor.put(&format!("/questions/{changed}"), edited).await);
    assert_eq!((&told["state"], &told["published"]), (&json!("draft"), &json!({"version": 1, "older": true})));
    let (_, next) = office.reviewers[0].get("/banks/tiku/publish/preview").await;
    assert_eq!((&next["questions"], &next["changed"]), (&json!(3), &json!(0)));
    office.reviewed(&changed, 2).await;
    done(office.reviewers[0].post(&format!("/questions/{rested}/rest"), json!({"reason": "答案有争议"})).await);
    let added = office.approved("新的题？").await;
    let published = office.publish("更正一题，停用一题").await;
    assert_eq!((&published["added"], &published["changed"], &published["removed"]), (&json!(1), &json!(1), &json!(1)));

    let (_, told) = office.editor.get("/banks/tiku/versions/1..2").await;
    let changes = told["changes"].as_array().unwrap();
    let what =
        |id: &str| changes.iter().find(|change| change["id"] == id).map(|change| change["what"].as_str().unwrap());
    assert_eq!(
        (what(&kept), what(&changed), what(&rested), what(&added)),
        (None, Some("changed"), Some("removed"), Some("added"))
    );
    let parts = &changes.iter().find(|change| change["id"] == changed.as_str()).unwrap()["parts"];
    assert_eq!(*parts, json!([{"part": "stem", "before": "要改的题？", "after": "改过的题？"}]));
    let (_, versions) = office.editor.get("/banks/tiku/versions").await;
    assert_eq!(versions["items"][0]["reason"], "更正一题，停用一题");
    let woken = done(office.reviewers[0].post(&format!("/questions/{rested}/wake"), json!({"reason": "查清了"})).await);
    assert_eq!(woken["state"], "published");
    let (_, next) = office.reviewers[0].get("/banks/tiku/publish/preview").await;
    assert_eq!(next["added"], 1);
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn twins_keep_a_version_from_being_published_and_are_named() {
    let mut office = Office::with_reviews(1).await;
    let first = office.approved("成年人的正常体温是多少？").await;
    let second = office.approved("成年人的正常体温，是多少").await;
    let (_, next) = office.reviewers[0].get("/banks/tiku/publish/preview").await;
    assert_eq!(next["faults"][0]["code"], "same_question");
    office.reviewers[0].confirm(&office.server).await;
    let told =
        refused(office.reviewers[0].post("/banks/tiku/publish", json!({"reason": "第一版"})).await, 400, "bad_request");
    assert_eq!(told["faults"][0]["part"], "stem");
    let (_, similar) = office.editor.get(&format!("/questions/{first}/similar")).await;
    assert_eq!((&similar["items"][0]["id"], &similar["items"][0]["same"]), (&json!(second), &json!(true)));
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_missing_is_told_before_it_is_submitted_and_words_are_looked_at() {
    let mut office = Office::with_reviews(1).await;
    let lists = json!({"required": ["广西壮族自治区"], "forbidden": [{"word": "老百姓", "advice": "改为「公民」"}]});
    let told = done(office.first.patch("/banks/tiku", lists.clone()).await);
    assert_eq!((&told["required"], &told["forbidden"]), (&lists["required"], &lists["forbidden"]));
    let unfinished = json!({"kind": "single", "stem": "广西壮族自冶区的老百姓？", "options": ["甲", "乙"], "key": [0]});
    let (_, question) = office.editor.post("/banks/tiku/questions", json!({"draft": unfinished})).await;
    let id = question["id"].as_str().unwrap();
    let told = refused(
        office.editor.post(&format!("/questions/{id}/submit"), json!({"revision": 1})).await,
        400,
        "bad_request",
    );
    let parts: Vec<&str> = told["faults"].as_array().unwrap().iter().map(|f| f["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["difficulty", "topic", "explanation", "source"]);
    let words: Vec<&str> =
        question["wording"].as_array().unwrap().iter().map(|w| w["word"].as_str().unwrap()).collect();
    assert_eq!(words, ["广西壮族自冶区", "老百姓"]);
    let looked = done(office.editor.post("/wording", json!({"bank": "tiku", "draft": draft("老百姓？")})).await);
    assert_eq!((&looked["faults"], &looked["wording"][0]["advice"]), (&json!([]), &json!("改为「公民」")));
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn an_association_sees_its_own_questions_alone_and_is_credited() {
    let mut office = Office::with_reviews(1).await;
    office.written("区里写的题？").await;
    let (server, first) = (&office.server, &mut office.first);
    let association = |place: &str| json!([{"role": "association", "place": place}]);
    let mut sanjiang = server.colleague(first, "sanjiang", association("county:450226")).await;
    let mut liuzhou = server.colleague(first, "liuzhou", association("city:450200")).await;
    let mut nanning = server.colleague(first, "nanning", association("city:450100")).await;
    let (status, own) = sanjiang.post("/banks/tiku/questions", json!({"draft": draft("三江写的题？")})).await;
    assert_eq!((status, &own["contributor"]), (201, &json!("三江侗族自治县")), "{own}");
    let id = own["id"].as_str().unwrap().to_owned();
    done(sanjiang.post(&format!("/questions/{id}/submit"), json!({"revision": 1})).await);
    for (clerk, sees) in [(&mut sanjiang, 1), (&mut liuzhou, 1), (&mut nanning, 0), (&mut office.editor, 2)] {
        assert_eq!(done(clerk.get("/banks/tiku/questions").await)["total"], sees);
    }
    refused(nanning.get(&format!("/questions/{id}")).await, 404, "not_found");
    refused(sanjiang.get("/banks/tiku/versions").await, 403, "forbidden");
    refused(sanjiang.post(&format!("/questions/{id}/approve"), json!({"revision": 1})).await, 403, "forbidden");
    let (_, banks) = sanjiang.get("/banks").await;
    assert_eq!(banks["items"][0]["counts"]["submitted"], 1);
    let (_, found) = office.editor.get("/banks/tiku/questions?contributor=三江侗族自治县").await;
    assert_eq!(found["total"], 1);
    done(office.reviewers[0].post(&format!("/questions/{id}/approve"), json!({"revision": 1})).await);
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn questions_are_found_by_what_they_say_and_what_they_are() {
    let mut office = Office::with_reviews(1).await;
    office.written("酸雨的主要成因是 SO2 吗？").await;
    let mut other = draft("100% 的把握？");
    (other["topic"], other["difficulty"]) = (json!("生态"), json!(3));
    let (_, other) = office.editor.post("/banks/tiku/questions", json!({"draft": other})).await;
    let mut check = async |query: &str, total: i64| {
        let (status, found) = office.editor.get(&format!("/banks/tiku/questions?{query}")).await;
        assert_eq!((status, &found["total"]), (200, &json!(total)), "{query}: {found}");
        assert_eq!(found["items"].as_array().unwrap().len() as i64, total, "{query}");
        found
    };
    check("", 2).await;
    check("q=so2", 1).await;
    check("q=酸雨 成因", 1).await;
    check("q=酸雨 把握", 0).await;
    check("q=100%25", 1).await;
    check("q=_", 0).await;
    check("q=丁", 2).await;
    check("kind=multiple", 0).await;
    let found = check("topic=生态", 1).await;
    assert_eq!(found["facets"]["topic"], json!({"卫生健康": 1, "生态": 1}));
    assert_eq!(found["facets"]["difficulty"], json!({"3": 1}));
    let id = other["id"].as_str().unwrap();
    done(office.editor.post("/banks/tiku/bulk", json!({"act": "topic", "ids": [id], "topic": "卫生健康"})).await);
    let (status, _) = office.editor.delete(&format!("/questions/{id}")).await;
    assert_eq!(status, 204);
    refused(office.editor.get("/banks/tiku/questions?limit=0").await, 400, "bad_request");
    office.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_shipped_bank_is_there_to_begin_with() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    let (status, bank) = first.post("/banks/sample", json!({})).await;
    assert_eq!((status, &bank["counts"]["published"], &bank["in_season"]), (201, &json!(480), &json!(true)), "{bank}");
    assert_eq!((&bank["published"]["version"], &bank["published"]["digest"]), (&json!(1), &Value::Null));
    refused(first.post("/banks/sample", json!({})).await, 409, "conflict");
    let (_, found) = first.get("/banks/kexue/questions?topic=安全生产&limit=1").await;
    assert_eq!((&found["total"], &found["items"][0]["state"]), (&json!(40), &json!("published")));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_version_of_a_bank_that_the_season_plays_goes_into_it_at_once() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    first.post("/banks/sample", json!({})).await;
    let mut reviewer = server.colleague(&mut first, "wei", json!([{"role": "reviewer", "bank": "kexue"}])).await;
    let found = done(reviewer.get("/banks/kexue/questions?kind=single&limit=1&sort=id").await);
    let id = found["items"][0]["id"].as_str().unwrap();
    let rested = done(reviewer.post(&format!("/questions/{id}/rest"), json!({"reason": "答案有争议"})).await);
    assert_eq!(rested["state"], "rested");
    let (_, next) = reviewer.get("/banks/kexue/publish/preview").await;
    assert_eq!((&next["questions"], &next["removed"], &next["in_season"]), (&json!(479), &json!(1), &json!(true)));
    reviewer.confirm(&server).await;
    let (status, told) = reviewer.post("/banks/kexue/publish", json!({"reason": "停用一题"})).await;
    assert_eq!((status, &told["version"], &told["in_season"]), (201, &json!(2), &json!(true)), "{told}");
    // Papers are drawn from it, and again after a restart, without a word about files that differ.
    let server = server.restart(1_000).await;
    let mut phone = server.phone("韦小兰").await;
    phone.start("daily").await;
    let mut again = server.browser().await;
    (again.login, again.secret) = (first.login.clone(), first.secret);
    again.sign_in(&server, crate::harness::desk::PASSWORD).await;
    let bank = done(again.get("/banks/kexue").await);
    assert_eq!((&bank["published"]["version"], &bank["published"]["digest"]), (&json!(2), &Value::Null));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn how_many_papers_have_shown_a_question_is_told_a_minute_later() {
    let server = Server::of(ROUNDS).await;
    let mut first = server.first_administrator().await;
    first.post("/banks/sample", json!({})).await;
    let mut phone = server.phone("韦小兰").await;
    let question = phone.start("daily").await;
    let stem = question["stem"].as_str().unwrap().to_owned();
    phone.play_on(question, |_| vec![0]).await;
    // Words that stand there as they are: figures and signs would have to be written for an address.
    let words = stem.split(|c: char| c.is_ascii()).max_by_key(|piece| piece.len()).unwrap();
    server.advance(60_000);
    let now = server.clock.now().0;
    let is_counted = |page: &Value| page["as_of"].as_i64().is_some_and(|as_of| as_of >= now);
    first.eventually("/statistics/questions", is_counted).await;
    let found = done(first.get(&format!("/banks/kexue/questions?limit=200&q={words}")).await);
    let row = found["items"].as_array().unwrap().iter().find(|row| row["stem"] == stem.as_str());
    assert_eq!(row.unwrap()["drawn"], 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_picture_is_drawn_anew_and_belongs_to_a_question() {
    let mut office = Office::with_reviews(1).await;
    let mut png = Vec::new();
    let drawing = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 7]));
    drawing.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    png.extend_from_slice(b"GPS 24.3 N 109.4 E");
    let (status, kept) = office.editor.upload("/media", png).await;
    assert_eq!((status, &kept["width"], &kept["height"]), (201, &json!(40), &json!(30)), "{kept}");
    let id = kept["id"].as_str().unwrap();
    let (status, _, bytes) = office.editor.download(&format!("/media/{id}")).await;
    assert_eq!(status, 200);
    assert!(!bytes.windows(3).any(|piece| piece == b"GPS"));
    let mut with_picture = draft("图里是什么？");
    with_picture["media"] = json!({"id": id, "width": 40, "height": 30, "alt": ""});
    let (_, question) = office.editor.post("/banks/tiku/questions", json!({"draft": with_picture})).await;
    assert_eq!(question["faults"][0]["part"], "media", "a picture needs words: {question}");
    with_picture["media"] = json!({"id": id, "width": 41, "height": 30, "alt": "渐变"});
    refused(office.editor.post("/banks/tiku/questions", json!({"draft": with_picture})).await, 400, "bad_request");
    let (status, told) = office.editor.upload("/media", b"<svg/>".to_vec()).await;
    assert_eq!((status, &told["code"]), (400, &json!("bad_request")));
    office.server.stop().await.unwrap();
}
