//! What lies where, for everybody: a contest's calls and its socket.

use crate::transport::me;
use crate::transport::me::BODY_BYTES_MAX;
use crate::transport::my_reports;
use crate::transport::peer::Peer;
use crate::transport::problem::Problem;
use crate::transport::public;
use crate::transport::state::App;
use crate::transport::upgrade::upgrade;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use std::sync::Arc;

/// A contest's pages and calls without the desk's, as they also lie under the path of its rehearsal.
pub fn for_everybody(app: &Arc<App>) -> Router<Arc<App>> {
    let api = Router::new()
        .route("/season", get(public::season))
        .route("/notices", get(public::notices))
        .route("/missed", get(public::missed))
        .route("/organisations", get(public::organisations))
        .route("/participants", post(me::join))
        .route("/sessions", post(me::session))
        .route("/me", get(me::me).patch(me::change))
        .route("/me/code", post(me::code))
        .route("/me/attempts", get(me::attempts))
        .route("/me/attempts/{id}", get(me::attempt))
        .route("/me/reports", get(my_reports::reports).post(me::report))
        .route("/boards/{*scope}", get(public::board))
        .route("/rounds/{id}/proof", get(public::proof))
        .route("/rounds/{id}/errata", get(public::errata))
        .route("/receipts/{receipt}", get(public::receipt))
        .fallback(public::no_such_call)
        .method_not_allowed_fallback(public::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(app), admit));
    Router::new()
        .nest("/api/v1", api)
        .route("/ws", get(upgrade))
        .route("/healthz", get(public::healthz))
        .route("/readyz", get(public::readyz))
}

/// Every API call counts for its network, and takes a place while it is under way.
pub async fn admit(State(app): State<Arc<App>>, request: Request, next: middleware::Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let admitted = peer.map_or(Ok(()), |peer| app.admission.network(peer.0));
    match admitted.and_then(|()| app.admission.requests.take().ok_or_else(Problem::full)) {
        Ok(_place) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
