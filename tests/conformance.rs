//! What a ledger is: every promise of the trait `Store`, kept on SQLite and on PostgreSQL alike.

pub(crate) mod facts;
mod own;
mod promises;

/// Each promise is a test on each database.
macro_rules! on_both {
    ($($promise:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::promises::$promise(crate::harness::ground::Ground::sqlite()).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::promises::$promise(crate::harness::ground::Ground::postgres()).await;
            })*
        }
    };
}

on_both! {
    a_new_ledger_is_empty
    every_kind_of_entry_is_read_back_as_it_was_committed
    every_column_holds_the_most_that_can_be_in_it
    a_commit_moves_the_lane_to_its_last_number_and_its_sign_of_life
    long_reads_come_in_ordered_pages_and_miss_nothing
    a_batch_is_committed_whole_or_not_at_all
    what_is_there_is_not_there_twice
    a_batch_that_does_not_follow_the_last_number_is_refused
    whoever_takes_the_lane_fences_the_writer_before
    a_sign_of_life_moves_nothing_else
    a_receipt_of_the_first_form_finds_its_attempt
    a_history_is_newest_first_and_comes_in_pages
    a_ledger_from_before_runs_and_chains_is_read_as_it_was_and_goes_on
    reopened_it_is_as_it_was_left
    another_season_is_refused
    it_is_opened_by_one_process_at_a_time
    a_ledger_opened_to_be_read_takes_nothing
    opening_it_again_and_again_changes_no_table
    an_interrupted_migration_is_made_good_by_the_next_start
    a_closed_ledger_takes_nothing
    readers_that_go_away_harm_nobody
}
