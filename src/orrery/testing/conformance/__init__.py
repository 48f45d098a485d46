"""
Suites that say what an implementation of a seam must do.

Each is a class of tests. A storage or IO manager of your own proves itself by a subclass that makes one::

    class TestMyEventLog(EventLogSuite):
        @pytest.fixture
        def storage(self, tmp_path):
            with closing(MyStorage(tmp_path)) as storage:
                yield storage

``event_log``, ``runs`` and ``leases`` are the records, ``io_manager`` the values, ``launchers`` the launchers and
coordinators of runs.
"""
