//! Calls of the cached functions by row, and invalidations by target.

use std::io;

use axum::extract::Path;
use cachefn::Invalidation;

use crate::functions::{self as f, Value, Written, body, read_to_give, store};
use crate::page;
use crate::row::{Function, Row, Target};

impl Row {
    /// Calls the function.
    pub(crate) async fn read(self) -> io::Result<Value> {
        let id = self.id();
        match self.function() {
            Function::ByKey => f::by_key(id).await,
            Function::InShop => f::in_shop(self.half(), id).await,
            Function::Tagged => f::tagged(self.half(), id).await,
            Function::ByValue => f::by_value(id).await,
            Function::Leased => f::leased(id).await,
            Function::Brief => f::brief(id).await,
            Function::Stale => f::stale(id).await,
            Function::Called => f::called(id).await,
            Function::IfError => f::if_error(id).await,
            Function::Ahead => f::ahead(id).await,
            Function::Timed => f::timed(id).await,
            Function::Chosen => f::chosen(id).await,
            Function::Bypassed => f::bypassed(id, false).await,
            Function::Level => f::level(id).await,
            Function::Page => page::get(self, false).await,
            function @ (Function::Store | Function::StoreTagged) => {
                store(self).try_get_or_fill(id.to_string(), || body(function, id)).await
            }
        }
    }

    /// Has the function run its body now and store what it returns; of a store, sets the value that the database has.
    pub(crate) async fn refresh(self) -> io::Result<Value> {
        let id = self.id();
        match self.function() {
            Function::ByKey => f::refresh_by_key(id).await,
            Function::InShop => f::refresh_in_shop(self.half(), id).await,
            Function::Tagged => f::refresh_tagged(self.half(), id).await,
            Function::ByValue => f::refresh_by_value(id).await,
            Function::Leased => f::refresh_leased(id).await,
            Function::Brief => f::refresh_brief(id).await,
            Function::Stale => f::refresh_stale(id).await,
            Function::Called => f::refresh_called(id).await,
            Function::IfError => f::refresh_if_error(id).await,
            Function::Ahead => f::refresh_ahead(id).await,
            Function::Timed => f::refresh_timed(id).await,
            Function::Chosen => f::refresh_chosen(id).await,
            Function::Bypassed => f::bypassed(id, true).await,
            Function::Level => f::refresh_level(id).await,
            Function::Page => page::get(self, true).await,
            Function::Store | Function::StoreTagged => {
                let value = read_to_give(self)?;
                store(self).set(id.to_string(), value.clone()).await;
                Ok(value)
            }
        }
    }

    /// Writes the row by a function that invalidates when it has ended, if it has one; what that covers.
    pub(crate) async fn write_and_invalidate(self, written: &Written) -> io::Result<()> {
        let (half, id) = (self.half(), self.id());
        match self.function() {
            Function::InShop => f::write_in_shop(half, id, written).await,
            Function::Tagged => f::write_tagged(half, id, written).await,
            _ => f::write_by_key(id, written).await,
        }
    }

    /// The target of [`write_and_invalidate`](Self::write_and_invalidate); none if there is no such function.
    pub(crate) fn written_target(self) -> Option<Target> {
        match self.function() {
            Function::ByKey => Some(Target::Key(self)),
            Function::InShop => Some(Target::Shop(self.half())),
            Function::Tagged => Some(Target::Half(self.half())),
            _ => None,
        }
    }

    fn invalidate(self) -> Invalidation {
        let id = self.id();
        match self.function() {
            Function::ByKey => f::invalidate_by_key(id),
            Function::InShop => f::invalidate_in_shop(self.half(), id),
            Function::Tagged => f::invalidate_tagged(id),
            Function::ByValue => f::invalidate_by_value(id),
            Function::Leased => f::invalidate_leased(id),
            Function::Brief => f::invalidate_brief(id),
            Function::Stale => f::invalidate_stale(id),
            Function::Called => f::invalidate_called(id),
            Function::IfError => f::invalidate_if_error(id),
            Function::Ahead => f::invalidate_ahead(id),
            Function::Timed => f::invalidate_timed(id),
            Function::Chosen => f::invalidate_chosen(id),
            Function::Bypassed => f::invalidate_bypassed(id),
            Function::Level => f::invalidate_level(id),
            Function::Page => page::invalidate_page(Path(id)),
            Function::Store | Function::StoreTagged => store(self).remove(id.to_string()),
        }
    }
}

impl Function {
    fn invalidate_all(self) -> Invalidation {
        match self {
            Self::ByKey => f::invalidate_all_by_key(),
            Self::InShop => f::invalidate_all_in_shop(),
            Self::Tagged => f::invalidate_all_tagged(),
            Self::ByValue => f::invalidate_all_by_value(),
            Self::Leased => f::invalidate_all_leased(),
            Self::Brief => f::invalidate_all_brief(),
            Self::Stale => f::invalidate_all_stale(),
            Self::Called => f::invalidate_all_called(),
            Self::IfError => f::invalidate_all_if_error(),
            Self::Ahead => f::invalidate_all_ahead(),
            Self::Timed => f::invalidate_all_timed(),
            Self::Chosen => f::invalidate_all_chosen(),
            Self::Bypassed => f::invalidate_all_bypassed(),
            Self::Level => f::invalidate_all_level(),
            Self::Page => page::invalidate_all_page(),
            Self::Store => cachefn::invalidate_namespace("kept"),
            Self::StoreTagged => cachefn::invalidate_namespace("keepers"),
        }
    }
}

impl Target {
    /// Invalidates it.
    pub(crate) fn invalidate(self) -> Invalidation {
        match self {
            Self::Key(row) => row.invalidate(),
            Self::Half(half) => cachefn::invalidate_tag(&format!("half:{half}")),
            Self::State(state) => cachefn::invalidate_tag(&format!("state:{state}")),
            Self::Keeper(half) => cachefn::invalidate_tag(&format!("keeper:{half}")),
            Self::Shop(shop) => cachefn::invalidate_namespace(&format!("shops:{shop}")),
            Self::Shops => cachefn::invalidate_namespace("shops"),
            Self::Level(id) => cachefn::invalidate_namespace(&format!("level:{id}")),
            Self::Named => cachefn::invalidate_namespace("plain:by_key"),
            Self::Function(function) => function.invalidate_all(),
            Self::Everything => cachefn::clear(),
        }
    }
}
