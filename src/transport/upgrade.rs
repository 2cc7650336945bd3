//! From a request to a socket: the handshake, and what is asked of those who want one.

use crate::transport::door::ConnectionSlot;
use crate::transport::line::Line;
use crate::transport::line::Stream;
use crate::transport::peer::Peer;
use crate::transport::problem::Problem;
use crate::transport::socket::Socket;
use crate::transport::state::App;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

const SUBPROTOCOL: &str = "kejing.v1";

/// `/ws`: the subprotocol has to be asked for, and the origin to be our own.
pub async fn upgrade(State(app): State<Arc<App>>, mut request: Request) -> Result<Response, Problem> {
    let (Some(&peer), Some(slot)) =
        (request.extensions().get::<Peer>(), request.extensions().get::<ConnectionSlot>().cloned())
    else {
        return Err(Problem::unavailable());
    };
    let mut response = create_response_with_body(&request, Body::empty)
        .map_err(|_| Problem::bad_request("这里只接受 WebSocket 连接"))?;
    if !origin_is_allowed(request.headers(), &app.settings.allowed_origins) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "bad_request", "不接受来自其他网站的连接"));
    }
    let asked = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut asked = asked.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    if !asked.any(|protocol| protocol.trim() == SUBPROTOCOL) {
        return Err(Problem::bad_request("请使用子协议 kejing.v1"));
    }
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    app.admission.network(peer.0)?;
    let slot = slot.take().or_else(|| app.admission.connect()).ok_or_else(Problem::busy)?;
    let upgraded = hyper::upgrade::on(&mut request);
    let sockets = app.sockets.clone();
    sockets.clone().spawn(async move {
        // Whoever is gone before the switch is through has nothing to be told.
        let Ok(upgraded) = upgraded.await else { return };
        let (stream, rest) = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => (Stream::Plain(parts.io.into_inner()), parts.read_buf),
            Err(upgraded) => (Stream::Other(Box::new(TokioIo::new(upgraded))), Bytes::new()),
        };
        // A task of its own, which is smaller than this one.
        sockets.spawn(Socket::new(app, Line::new(stream, &rest), peer.0, slot));
    });
    Ok(response)
}

/// A request without an origin is no browser's; one with an origin has to come from the host itself or from the settings' list.
pub(super) fn origin_is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = origin.split_once("://").map(|(_, host)| host);
    (own.is_some() && own == host) || allowed.iter().any(|allowed| allowed == origin)
}
